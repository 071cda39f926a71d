#include "server/executors/file_checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "build_info.h"
#include "core/base/error.h"
#include "server/executors/checkpoint_file.h"
#include "server/files/file_io.h"
#include "tests/support/disk_space.h"
#include "tests/support/io_fault.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FileCheckpointTest : public ::testing::Test {
 protected:
  FileCheckpoint::Options Options() {
    FileCheckpoint::Options options;
    options.folder = folder_.path();
    options.key = "key";
    options.interval_seconds = 5;
    options.clock = [this] { return now_; };
    options.on_failure = [this](const absl::Status& status) {
      failures_.push_back(status);
    };
    return options;
  }
  // Lets a run keep two states in three files.
  void WriteThree() {
    FileCheckpoint checkpoint(Options());
    checkpoint.Keep("first", "all of it");
    checkpoint.Offer("second", 1, "one");
    checkpoint.Offer("second", 2, "two");
    now_ += 7;
    checkpoint.Offer("second", 3, "three");
  }
  std::vector<std::string> Files() {
    std::vector<std::string> names;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder_.path())) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string Bytes(const std::string& name) {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Replace(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary | std::ios::trunc) << bytes;
  }

  TemporaryFolder folder_;
  double now_ = 100;
  std::vector<absl::Status> failures_;
};

TEST_F(FileCheckpointTest, BringsBackWhatWasOfferedLast) {
  EXPECT_FALSE(FileCheckpoint(Options()).resumed().has_value());
  WriteThree();
  EXPECT_THAT(Files(), ElementsAre("2", "3"));
  FileCheckpoint checkpoint(Options());
  ASSERT_TRUE(checkpoint.resumed().has_value());
  EXPECT_EQ(checkpoint.resumed()->phase, "second");
  EXPECT_EQ(checkpoint.resumed()->done, 3);
  EXPECT_EQ(checkpoint.resumed()->work_seconds, 7);
  EXPECT_EQ(checkpoint.Last("first"), "all of it");
  EXPECT_EQ(checkpoint.Last("second"), "three");
  EXPECT_EQ(checkpoint.Last("third"), "");
  // Numbers and work go on.
  now_ += 2;
  checkpoint.Offer("second", 4, "four");
  EXPECT_THAT(Files(), ElementsAre("3", "4"));
  EXPECT_EQ(FileCheckpoint(Options()).resumed()->work_seconds, 9);
}

TEST_F(FileCheckpointTest, WritesNoMoreOfWhatWasDropped) {
  FileCheckpoint checkpoint(Options());
  checkpoint.Keep("round 1, a", "x");
  checkpoint.Keep("round 2, a", "y");
  checkpoint.Keep("rounds", "z");
  checkpoint.Drop("round ");
  checkpoint.Offer("last", 1, "w");
  FileCheckpoint again(Options());
  EXPECT_EQ(again.Last("round 1, a"), "");
  EXPECT_EQ(again.Last("round 2, a"), "");
  EXPECT_EQ(again.Last("rounds"), "z");
}

TEST_F(FileCheckpointTest, AnyFileThatIsCutOrChangedGivesWayToTheOneBefore) {
  WriteThree();
  const std::string newest = Bytes("3");
  const std::string before = Bytes("2");
  for (std::size_t at = 0; at < newest.size(); ++at) {
    for (const bool cut : {true, false}) {
      std::string bytes = newest;
      if (cut) {
        bytes.resize(at);
      } else {
        bytes[at] = static_cast<char>(bytes[at] ^ 1);
      }
      Replace("3", bytes);
      Replace("2", before);
      FileCheckpoint checkpoint(Options());
      ASSERT_TRUE(checkpoint.resumed().has_value()) << at;
      EXPECT_EQ(checkpoint.Last("second"), "two") << at;
      EXPECT_THAT(Files(), ElementsAre("2")) << at;
    }
  }
  // Nor is anything taken that follows the end.
  Replace("3", newest + "x");
  EXPECT_EQ(FileCheckpoint(Options()).Last("second"), "two");
}

TEST_F(FileCheckpointTest, WithoutAWholeFileBeginsAtTheBeginning) {
  WriteThree();
  Replace("3", "");
  Replace("2", "modckpt1");
  Replace("4.part", "half of one");
  FileCheckpoint checkpoint(Options());
  EXPECT_FALSE(checkpoint.resumed().has_value());
  EXPECT_EQ(checkpoint.Last("second"), "");
  EXPECT_THAT(Files(), IsEmpty());
  checkpoint.Offer("second", 1, "one");
  EXPECT_EQ(FileCheckpoint(Options()).Last("second"), "one");
}

TEST_F(FileCheckpointTest, OfAnotherKeyKernelOrInstructionSetIsDropped) {
  const auto expect_dropped = [&](const FileCheckpoint::Options& options) {
    FileCheckpoint checkpoint(options);
    EXPECT_FALSE(checkpoint.resumed().has_value());
    EXPECT_EQ(checkpoint.Last("a"), "");
    EXPECT_THAT(Files(), IsEmpty());
  };
  FileCheckpoint(Options()).Offer("a", 1, "x");
  FileCheckpoint::Options other = Options();
  other.key = "another";
  expect_dropped(other);

  internal::CheckpointHeader header;
  header.set_key("key");
  header.set_kernel_version(kKernelVersion);
  header.set_isa(kIsa);
  const auto write = [&] {
    ASSERT_TRUE(
        WriteCheckpointFile(folder_ / "1", header, {{"a", "x"}}, nullptr).ok());
  };
  write();
  EXPECT_EQ(FileCheckpoint(Options()).Last("a"), "x");
  header.set_kernel_version("0");
  write();
  expect_dropped(Options());
  header.set_kernel_version(kKernelVersion);
  header.set_isa("x86-64-v9");
  write();
  expect_dropped(Options());
}

TEST_F(FileCheckpointTest, IsDueAfterTheIntervalAndRestsLongerThanItWrote) {
  FileCheckpoint checkpoint(Options());
  EXPECT_FALSE(checkpoint.Due());
  now_ += 4.5;
  EXPECT_FALSE(checkpoint.Due());
  now_ += 0.5;
  EXPECT_TRUE(checkpoint.Due());
  // Only one of those who ask.
  EXPECT_FALSE(checkpoint.Due());
  // Packing and writing took a second: 99 of rest make it 1%.
  now_ += 1;
  checkpoint.Offer("a", 1, "x");
  now_ += 98.5;
  EXPECT_FALSE(checkpoint.Due());
  now_ += 0.5;
  EXPECT_TRUE(checkpoint.Due());
  // This one took nothing: the interval.
  checkpoint.Offer("a", 2, "x");
  now_ += 4.9;
  EXPECT_FALSE(checkpoint.Due());
  now_ += 0.1;
  EXPECT_TRUE(checkpoint.Due());
}

TEST_F(FileCheckpointTest, WritesNothingOnceStopped) {
  StopFlag stop;
  FileCheckpoint::Options options = Options();
  options.stop = &stop;
  FileCheckpoint checkpoint(options);
  checkpoint.Offer("a", 1, "x");
  stop.Stop();
  checkpoint.Offer("a", 2, "y");
  EXPECT_THAT(Files(), ElementsAre("1"));
  EXPECT_THAT(failures_, IsEmpty());
  EXPECT_EQ(FileCheckpoint(Options()).Last("a"), "x");
}

TEST_F(FileCheckpointTest, AFullDiskIsWaitedFor) {
  FileCheckpoint checkpoint(Options());
  {
    const DiskSpace full(0);
    checkpoint.Offer("a", 1, "x");
    ASSERT_EQ(failures_.size(), 1U);
    EXPECT_TRUE(IsShortage(failures_[0]));
    EXPECT_THAT(Files(), IsEmpty());
  }
  now_ += 5;
  EXPECT_TRUE(checkpoint.Due());
  checkpoint.Offer("a", 2, "y");
  EXPECT_EQ(FileCheckpoint(Options()).Last("a"), "y");
}

TEST_F(FileCheckpointTest, LargerStatesThanAllowedAreNotWritten) {
  FileCheckpoint checkpoint(Options());
  checkpoint.Offer("a", 1, "x");
  checkpoint.Offer(
      "a",
      2,
      std::string(static_cast<std::size_t>(checkpoint.max_bytes()) + 1, 'y'));
  EXPECT_THAT(Files(), ElementsAre("1"));
  ASSERT_EQ(failures_.size(), 1U);
  EXPECT_EQ(ReasonOf(failures_[0]), reason::kMemoryLimit);
}

// Every call of a write in turn.
TEST_F(FileCheckpointTest, AFaultOfTheDiskLosesNothingButThatWrite) {
  FileCheckpoint checkpoint(Options());
  checkpoint.Offer("a", 1, "first");
  int faults = 0;
  for (const IoCall call : {IoCall::kWrite, IoCall::kSync, IoCall::kRename}) {
    for (const int error : {ENOSPC, EIO}) {
      failures_.clear();
      {
        const IoFault fault(call, folder_.path(), error);
        checkpoint.Offer("a", 2, "lost");
        checkpoint.Offer("a", 2, "lost as well");
        EXPECT_GT(fault.hits(), 0);
      }
      // Told once, not at every try.
      ASSERT_EQ(failures_.size(), 1U);
      EXPECT_EQ(IsShortage(failures_[0]), error == ENOSPC);
      ++faults;
      checkpoint.Offer("a", 3, "again " + std::to_string(faults));
      EXPECT_EQ(FileCheckpoint(Options()).Last("a"),
                "again " + std::to_string(faults));
      for (const std::string& name : Files()) {
        EXPECT_EQ(name.find("part"), std::string::npos) << name;
      }
    }
  }
}

}  // namespace
}  // namespace modbound
