#include "server/store/disk_reserve.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <string>

#include "core/base/error.h"
#include "server/files/file_io.h"
#include "server/store/database.h"
#include "tests/support/disk_space.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

constexpr int64_t kPlenty = int64_t{1} << 40;
constexpr int64_t kEnough = DiskReserve::kBytes + kReservedDiskBytes;

// Bytes on the disk, not the length.
int64_t AllocatedBytes(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? int64_t{512} * info.st_blocks : 0;
}

TEST(DiskReserve, TakesItsRoomWhenTheDiskHasIt) {
  const TemporaryFolder folder;
  DiskSpace disk(kEnough - 1);
  DiskReserve reserve(folder.path());
  reserve.Adjust();
  EXPECT_FALSE(reserve.held());
  EXPECT_FALSE(std::filesystem::exists(folder / "reserve"));
  disk.Set(kEnough);
  reserve.Adjust();
  EXPECT_TRUE(reserve.held());
  EXPECT_GE(AllocatedBytes(folder / "reserve"), DiskReserve::kBytes);
}

TEST(DiskReserve, GivesItsRoomWhenOthersHaveTakenTheRest) {
  const TemporaryFolder folder;
  DiskSpace disk(kPlenty);
  DiskReserve(folder.path()).Adjust();
  // The next server finds it.
  DiskReserve reserve(folder.path());
  EXPECT_TRUE(reserve.held());
  disk.Set(DiskReserve::kLowBytes);
  reserve.Adjust();
  EXPECT_TRUE(reserve.held());
  disk.Set(DiskReserve::kLowBytes - 1);
  reserve.Adjust();
  EXPECT_FALSE(reserve.held());
  EXPECT_FALSE(std::filesystem::exists(folder / "reserve"));
  // What it gave is no room for new work, and it does not take it back.
  disk.Set(DiskReserve::kBytes);
  EXPECT_FALSE(RequireFreeSpace(folder.path(), 0).ok());
  reserve.Adjust();
  EXPECT_FALSE(reserve.held());
}

TEST(DiskReserve, OfADatabaseIsReleasedBeforeTheChangeThatNeedsIt) {
  const TemporaryFolder folder;
  DiskSpace disk(kPlenty);
  const auto database = Database::Open(folder.path());
  ASSERT_TRUE(database.ok()) << database.status();
  const auto exists_in_change = [&] {
    bool exists = false;
    EXPECT_TRUE((*database)
                    ->WriteAndWait([&](Connection&) {
                      exists = std::filesystem::exists(folder / "reserve");
                      return absl::OkStatus();
                    })
                    .ok());
    return exists;
  };
  EXPECT_TRUE(exists_in_change());
  EXPECT_TRUE((*database)->CheckSpace().ok());
  disk.Set(0);
  EXPECT_FALSE(exists_in_change());
  EXPECT_EQ(ReasonOf((*database)->CheckSpace()), "DISK_FULL");
  disk.Set(kPlenty);
  EXPECT_TRUE(exists_in_change());
}

// A start on a full disk reconciles jobs before anything else.
TEST(DiskReserve, OfADatabaseIsReleasedBeforeItOpens) {
  const TemporaryFolder folder;
  ASSERT_TRUE(Database::Open(folder.path()).ok());
  ASSERT_TRUE(std::filesystem::exists(folder / "reserve"));
  const DiskSpace disk(0);
  ASSERT_TRUE(Database::Open(folder.path()).ok());
  EXPECT_FALSE(std::filesystem::exists(folder / "reserve"));
}

}  // namespace
}  // namespace modbound
