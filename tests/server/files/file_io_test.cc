#include "server/files/file_io.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <limits>

#include "core/base/error.h"
#include "tests/support/io_fault.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

TEST(ReplaceFile, ReadsBackWhatItWrote) {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  const std::string bytes("a\0b\xff", 4);
  ASSERT_TRUE(ReplaceFile(path, "old and longer", Durability::kCached).ok());
  ASSERT_TRUE(ReplaceFile(path, bytes, Durability::kSynced).ok());
  EXPECT_EQ(*ReadFile(path), bytes);
}

TEST(OverwriteFile, LeavesNothingOfWhatWasThere) {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  for (const char* bytes : {"new", "a longer one", "short", ""}) {
    ASSERT_TRUE(OverwriteFile(path, bytes).ok());
    EXPECT_EQ(*ReadFile(path), bytes);
  }
  EXPECT_TRUE(absl::IsNotFound(OverwriteFile(folder / "none/file", "")));
}

TEST(ReplaceFile, KeepsTheOldBytesWhateverCallFails) {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  ASSERT_TRUE(ReplaceFile(path, "old", Durability::kSynced).ok());
  for (const IoCall call : {IoCall::kWrite, IoCall::kSync, IoCall::kRename}) {
    const IoFault fault(call, folder.path(), EIO);
    const absl::Status status = ReplaceFile(path, "new", Durability::kSynced);
    EXPECT_TRUE(absl::IsInternal(status)) << status;
    EXPECT_EQ(fault.hits(), 1);
    EXPECT_EQ(*ReadFile(path), "old");
    // No part is left behind.
    EXPECT_FALSE(std::filesystem::exists(path + ".part"));
  }
}

TEST(ReplaceFile, GoesOnAfterASignal) {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  const IoFault fault(IoCall::kWrite, folder.path(), EINTR, 0, 3);
  EXPECT_TRUE(ReplaceFile(path, "bytes", Durability::kSynced).ok());
  EXPECT_EQ(fault.hits(), 3);
  EXPECT_EQ(*ReadFile(path), "bytes");
}

TEST(FileError, TellsAFullDiskFromOtherFaults) {
  for (const int error : {ENOSPC, EDQUOT}) {
    const absl::Status full = FileError("write", "x", error);
    EXPECT_TRUE(absl::IsResourceExhausted(full));
    EXPECT_EQ(ReasonOf(full), "DISK_FULL");
  }
  EXPECT_TRUE(absl::IsNotFound(FileError("open", "x", ENOENT)));
  EXPECT_TRUE(absl::IsInternal(FileError("open", "x", EIO)));
}

TEST(FileError, TellsAShortageFromOtherFaults) {
  for (const int error : {EMFILE, ENFILE, ENOMEM}) {
    const absl::Status shortage = FileError("open", "x", error);
    EXPECT_TRUE(absl::IsUnavailable(shortage));
    EXPECT_EQ(ReasonOf(shortage), "OVERLOADED");
    EXPECT_TRUE(IsShortage(shortage));
  }
  EXPECT_TRUE(IsShortage(FileError("write", "x", ENOSPC)));
  EXPECT_FALSE(IsShortage(FileError("write", "x", EIO)));
  EXPECT_FALSE(IsShortage(absl::OkStatus()));
}

// Paths of the server are no business of its clients.
TEST(FileError, KeepsThePathForTheLog) {
  for (const int error : {ENOSPC, EMFILE, ENOENT, EACCES}) {
    const absl::Status status = FileError("open", "/home/ada/data", error);
    EXPECT_EQ(status.message().find("ada"), absl::string_view::npos) << status;
    EXPECT_NE(LogText(status).find("/home/ada/data"), std::string::npos);
  }
}

TEST(ReadFile, SaysWhenThereIsNone) {
  const TemporaryFolder folder;
  EXPECT_TRUE(absl::IsNotFound(ReadFile(folder / "none").status()));
}

TEST(RequireFreeSpace, RefusesMoreThanTheDiskHas) {
  const TemporaryFolder folder;
  EXPECT_TRUE(RequireFreeSpace(folder.path(), 1).ok());
  EXPECT_EQ(ReasonOf(RequireFreeSpace(folder.path(),
                                      std::numeric_limits<int64_t>::max())),
            "DISK_FULL");
}

TEST(OpenFile, MakesFilesForTheirOwnerAlone) {
  const TemporaryFolder folder;
  ASSERT_TRUE(ReplaceFile(folder / "file", "", Durability::kCached).ok());
  struct stat info {};
  ASSERT_EQ(::stat((folder / "file").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

}  // namespace
}  // namespace modbound
