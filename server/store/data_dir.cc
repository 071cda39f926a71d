#include "server/store/data_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/error.h"

namespace modbound {
namespace {

absl::Status RefuseDirectory(const std::string& message) {
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   "WRONG_STATE",
                   "data_dir",
                   message);
}

absl::Status MakeDirectories(const std::string& path) {
  std::error_code error;
  const auto parent = std::filesystem::absolute(path, error).parent_path();
  std::filesystem::create_directories(parent, error);
  if (error) {
    return FileError("make", parent.string(), error.value());
  }
  MODBOUND_RETURN_IF_ERROR(MakeDirectory(path));
  return SyncDirectory(parent.string());
}

// Whoever names /tmp or a home folder by mistake must not find it locked away.
absl::Status CloseToOthers(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return FileError("stat", path, errno);
  }
  if ((info.st_mode & 0077) == 0) {
    return absl::OkStatus();
  }
  std::error_code error;
  const bool empty = std::filesystem::is_empty(path, error);
  if (!empty && ::access((path + "/lock").c_str(), F_OK) != 0) {
    return RefuseDirectory(absl::StrCat(
        path,
        " is open to others and holds files that are not this server's: name "
        "another data_dir, or chmod it to 700"));
  }
  if (::chmod(path.c_str(), 0700) != 0) {
    return FileError("chmod", path, errno);
  }
  return absl::OkStatus();
}

constexpr int64_t kFuse = 0x65735546;

// Programs that put what is on other machines behind FUSE. Any other
// ("fuseblk", "fuse.fuse-overlayfs") is taken for a local disk.
constexpr auto kNetworkFuse = std::to_array<std::string_view>({
    "fuse.afpfs",       "fuse.beegfs",    "fuse.blobfuse",
    "fuse.blobfuse2",   "fuse.ceph",      "fuse.ceph-fuse",
    "fuse.curlftpfs",   "fuse.davfs",     "fuse.gcsfuse",
    "fuse.glusterfs",   "fuse.goofys",    "fuse.google-drive-ocamlfuse",
    "fuse.hdfs",        "fuse.juicefs",   "fuse.lizardfs",
    "fuse.mfs",         "fuse.mount-s3",  "fuse.mountpoint-s3",
    "fuse.nfs",         "fuse.onedriver", "fuse.quobyte",
    "fuse.rclone",      "fuse.s3fs",      "fuse.s3ql",
    "fuse.seaweedfs",   "fuse.smbnetfs",  "fuse.sshfs",
    "fuse.vmhgfs-fuse", "fuse.xtreemfs",  "virtiofs",
});

absl::Status RefuseNetwork(const std::string& path) {
  struct statfs info {};
  struct stat folder {};
  if (::statfs(path.c_str(), &info) != 0 ||
      ::stat(path.c_str(), &folder) != 0) {
    return FileError("measure the disk of", path, errno);
  }
  std::ifstream mountinfo("/proc/self/mountinfo");
  const std::string name =
      NetworkFileSystem(static_cast<int64_t>(info.f_type) & 0xffffffff,
                        MountType(mountinfo, folder.st_dev));
  if (name.empty()) {
    return absl::OkStatus();
  }
  return RefuseDirectory(
      absl::StrCat(path,
                   " is on ",
                   name,
                   ", a network file system, where the database would get "
                   "damaged: name a data_dir on a local disk"));
}

}  // namespace

std::string NetworkFileSystem(int64_t type, std::string_view mount_type) {
  switch (type) {
    case 0x6969:
      return "NFS";
    case 0x517b:
    case 0xfe534d42:
      return "SMB";
    case 0xff534d42:
      return "CIFS";
    case 0x5346414f:
      return "AFS";
    case 0x01021997:
      return "9P";
    case 0x00c36400:
      return "Ceph";
    case 0x0bd00bd0:
      return "Lustre";
    case 0x47504653:
      return "GPFS";
    case 0x19830326:
      return "BeeGFS";
    case 0x01161970:
      return "GFS2";
    case 0x7461636f:
      return "OCFS2";
    case kFuse:
      return absl::c_linear_search(kNetworkFuse, mount_type)
                 ? std::string(mount_type)
                 : "";
    default:
      return "";
  }
}

// A line: ID PARENT MAJOR:MINOR ROOT POINT OPTIONS TAG... - TYPE SOURCE OPTIONS
std::string MountType(std::istream& mountinfo, dev_t device) {
  const std::string number =
      absl::StrCat(::major(device), ":", ::minor(device));
  for (std::string line; std::getline(mountinfo, line);) {
    const std::vector<std::string> fields =
        absl::StrSplit(line, absl::ByChar(' '));
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() > 2 && fields[2] == number && fields.end() - dash > 1) {
      return dash[1];
    }
  }
  return "";
}

absl::StatusOr<FileDescriptor> LockDataDir(const std::string& data_dir) {
  MODBOUND_RETURN_IF_ERROR(MakeDirectories(data_dir));
  MODBOUND_RETURN_IF_ERROR(RefuseNetwork(data_dir));
  MODBOUND_RETURN_IF_ERROR(CloseToOthers(data_dir));
  const std::string path = data_dir + "/lock";
  MODBOUND_ASSIGN_OR_RETURN(FileDescriptor lock,
                            OpenFile(path, O_RDWR | O_CREAT));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    if (error != EWOULDBLOCK) {
      return FileError("lock", path, error);
    }
    const absl::StatusOr<std::string> holder = ReadFile(path);
    return RefuseDirectory(
        absl::StrCat(data_dir,
                     " is in use by another server (process ",
                     holder.ok() && !holder->empty() ? *holder : "unknown",
                     ")"));
  }
  // For the message above only; the lock is what counts.
  if (::ftruncate(lock.get(), 0) == 0) {
    WriteAt(lock, path, absl::StrCat(::getpid()), 0).IgnoreError();
  }
  return lock;
}

}  // namespace modbound
