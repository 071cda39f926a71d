// A data folder on a file system that cannot keep a database.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/vfs.h>

#include <atomic>
#include <string>

#include "core/base/error.h"
#include "server/store/data_dir.h"
#include "server/store/database.h"
#include "tests/support/fault_row.h"
#include "tests/support/temporary_folder.h"

namespace {

// What every folder of this program is said to be on; 0 = what it is on.
std::atomic<int64_t> file_system_type{0};

}  // namespace

// Stands before the C library's.
extern "C" int statfs(const char* path, struct statfs* info) noexcept {
  using Function = int (*)(const char*, struct statfs*);
  static const auto kReal =
      reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "statfs"));
  const int result = kReal(path, info);
  if (result == 0 && file_system_type != 0) {
    info->f_type = file_system_type;
  }
  return result;
}

namespace modbound {
namespace {

class FileSystemType {
 public:
  explicit FileSystemType(int64_t type) { file_system_type = type; }
  ~FileSystemType() { file_system_type = 0; }
  FileSystemType(const FileSystemType&) = delete;
  FileSystemType& operator=(const FileSystemType&) = delete;
};

TEST(NetworkFileSystem, HoldsNoStore) {
  for (const auto& [type, name] :
       {std::pair<int64_t, std::string>(0x6969, "NFS"), {0xff534d42, "CIFS"}}) {
    const TemporaryFolder folder;
    EXPECT_EQ(NetworkFileSystem(type), name);
    const FileSystemType as(type);
    const absl::Status refused = Database::Open(folder.path()).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
    EXPECT_EQ(FieldOf(refused), "data_dir");
    EXPECT_NE(std::string(refused.message()).find(name), std::string::npos)
        << refused;
  }
  // Those of containers and of memory do.
  for (const int64_t type :
       {int64_t{0x794c7630}, int64_t{0x01021994}, int64_t{0xef53}}) {
    const TemporaryFolder folder;
    const FileSystemType as(type);
    EXPECT_EQ(NetworkFileSystem(type), "");
    EXPECT_TRUE(Database::Open(folder.path()).ok()) << type;
  }
  FaultRow(10,
           "NFS and CIFS refused by name, overlay, tmpfs and ext4 taken; a "
           "second server on a folder refused");
}

}  // namespace
}  // namespace modbound
