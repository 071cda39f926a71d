// A data folder on a file system that cannot keep a database.
#include "server/store/network_file_system.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <atomic>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/error.h"
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

constexpr int64_t kFuse = 0x65735546;

class FileSystemType {
 public:
  explicit FileSystemType(int64_t type) { file_system_type = type; }
  ~FileSystemType() { file_system_type = 0; }
  FileSystemType(const FileSystemType&) = delete;
  FileSystemType& operator=(const FileSystemType&) = delete;
};

TEST(NetworkFileSystem, HoldsNoStore) {
  const std::vector<std::pair<int64_t, std::string>> refused_ones = {
      {0x6969, "NFS"},
      {0x517b, "SMB"},
      {0xfe534d42, "SMB"},
      {0xff534d42, "CIFS"},
      {0x5346414f, "AFS"},
      {0x01021997, "9P"},
      {0x00c36400, "Ceph"},
      {0x0bd00bd0, "Lustre"},
      {0x47504653, "GPFS"},
      {0x19830326, "BeeGFS"},
      {0x01161970, "GFS2"},
      {0x7461636f, "OCFS2"}};
  for (const auto& [type, name] : refused_ones) {
    const TemporaryFolder folder;
    const FileSystemType as(type);
    const absl::Status refused = Database::Open(folder.path()).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
    EXPECT_EQ(FieldOf(refused), "data_dir");
    EXPECT_NE(std::string(refused.message()).find(" is on " + name + ","),
              std::string::npos)
        << refused;
  }
  // Those of containers, of memory, of disks, and FUSE where the mount is none
  // of a network.
  for (const int64_t type : {int64_t{0x794c7630},
                             int64_t{0x01021994},
                             int64_t{0xef53},
                             int64_t{0x58465342},
                             int64_t{0x9123683e},
                             kFuse}) {
    const TemporaryFolder folder;
    const FileSystemType as(type);
    EXPECT_TRUE(Database::Open(folder.path()).ok()) << type;
  }
  FaultRow(10,
           absl::StrCat(refused_ones.size(),
                        " types of network file systems refused by name; "
                        "overlay, tmpfs, ext4, XFS, Btrfs and local FUSE "
                        "taken"));
}

TEST(NetworkFileSystem, OfFuseIsToldByItsMount) {
  const std::vector<std::string> network = {"fuse.sshfs",
                                            "fuse.s3fs",
                                            "fuse.glusterfs",
                                            "fuse.rclone",
                                            "fuse.ceph",
                                            "virtiofs"};
  for (const std::string& mount_type : network) {
    EXPECT_EQ(NetworkFileSystem(kFuse, mount_type), mount_type);
    EXPECT_EQ(NetworkFileSystem(0xef53, mount_type), "");
  }
  for (const char* mount_type : {"fuse",
                                 "fuseblk",
                                 "fuse.fuse-overlayfs",
                                 "fuse.gocryptfs",
                                 "ext4",
                                 ""}) {
    EXPECT_EQ(NetworkFileSystem(kFuse, mount_type), "") << mount_type;
  }
  FaultRow(10,
           absl::StrCat("of FUSE by /proc/self/mountinfo: ",
                        absl::StrJoin(network, ", ")));
}

TEST(MountType, IsThatOfTheDevice) {
  const std::string lines =
      "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
      "27 1 254:1 / / rw shared:1 - ext4 /dev/vda1 rw\n"
      "\n"
      "broken 1 0:52\n"
      "90 27 0:52 / /home/a\\040-\\040b rw shared:7 master:2 - fuse.sshfs "
      "host:/home rw,user_id=0\n"
      "91 27 0:53 / /mnt/disk rw - fuseblk /dev/sdb1 rw\n"
      "92 27 0:54 / /mnt/cut rw -";
  for (const auto& [minor, type] :
       std::vector<std::pair<int, std::string>>{{21, "proc"},
                                                {52, "fuse.sshfs"},
                                                {53, "fuseblk"},
                                                {54, ""},
                                                {5, ""}}) {
    std::istringstream mountinfo(lines);
    EXPECT_EQ(MountType(mountinfo, makedev(0, minor)), type) << minor;
  }
  std::istringstream mountinfo(lines);
  EXPECT_EQ(MountType(mountinfo, makedev(254, 1)), "ext4");
  // Of this machine.
  struct stat info {};
  ASSERT_EQ(::stat("/proc", &info), 0);
  std::ifstream own("/proc/self/mountinfo");
  EXPECT_EQ(MountType(own, info.st_dev), "proc");
}

}  // namespace
}  // namespace modbound
