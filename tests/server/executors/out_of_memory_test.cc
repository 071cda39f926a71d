#include "server/executors/out_of_memory.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/server/executors/attempt_directory.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

constexpr char kEvents[] = "low 0\nhigh 0\nmax 9\noom 4\noom_kill 3\n";

// A machine of which the test writes the files.
class OutOfMemoryTest : public ::testing::Test {
 protected:
  OutOfMemoryTest() {
    WriteFileBytes(folder_ / "vmstat", "pgfault 5\noom_kill 70\n");
    std::filesystem::create_directories(folder_ / "groups/own.slice/own");
    WriteFileBytes(folder_ / "cgroup", "0::/own.slice/own\n");
  }
  std::string File() const {
    return OutOfMemoryCountFile(
        folder_ / "cgroup", folder_ / "groups", folder_ / "vmstat");
  }

  const TemporaryFolder folder_;
  const std::string events_ = folder_ / "groups/own.slice/own/memory.events";
};

TEST_F(OutOfMemoryTest, IsCountedOfTheOwnControlGroup) {
  WriteFileBytes(events_, kEvents);
  EXPECT_EQ(File(), events_);
  EXPECT_EQ(OutOfMemoryKills(File()), 3);
  // Another program of the machine.
  WriteFileBytes(folder_ / "vmstat", "oom_kill 71\n");
  EXPECT_EQ(OutOfMemoryKills(File()), 3);
}

TEST_F(OutOfMemoryTest, IsCountedOfTheMachineWhereTheGroupDoesNot) {
  EXPECT_EQ(File(), folder_ / "vmstat");
  EXPECT_EQ(OutOfMemoryKills(File()), 70);
  // Older systems have no such line.
  WriteFileBytes(events_, "low 0\noom 4\n");
  EXPECT_EQ(File(), folder_ / "vmstat");
}

TEST_F(OutOfMemoryTest, TakesNoGroupOfVersion1) {
  WriteFileBytes(events_, kEvents);
  WriteFileBytes(folder_ / "cgroup", "4:memory:/own.slice/own\n");
  EXPECT_EQ(File(), folder_ / "vmstat");
  WriteFileBytes(folder_ / "cgroup",
                 "4:memory:/elsewhere\n0::/own.slice/own\n");
  EXPECT_EQ(File(), events_);
}

TEST_F(OutOfMemoryTest, IsZeroWhereNobodyCounts) {
  std::filesystem::remove(folder_ / "cgroup");
  EXPECT_EQ(File(), folder_ / "vmstat");
  EXPECT_EQ(OutOfMemoryKills(folder_ / "none"), 0);
}

// Of this machine, whatever it is.
TEST(OutOfMemoryCountFile, NamesAFileThatIsThere) {
  EXPECT_TRUE(std::filesystem::exists(OutOfMemoryCountFile()));
}

}  // namespace
}  // namespace modbound
