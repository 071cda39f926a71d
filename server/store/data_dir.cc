#include "server/store/data_dir.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <thread>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/store/network_file_system.h"

namespace modbound {
namespace {

absl::Status RefuseDirectory(const std::string& message) {
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   "WRONG_STATE",
                   "data_dir",
                   message);
}

absl::Status CannotLook(const std::string& path, int error) {
  return RefuseDirectory(absl::StrCat(
      "cannot look into ", path, ": ", std::generic_category().message(error)));
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

// 0, or the error of the last try: EWOULDBLOCK when another process holds it.
// Tries are counted: flock(2) has no limit of time, and no clock is asked.
int TryToLock(const FileDescriptor& lock, std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kPause(20);
  for (auto left = patience;; left -= kPause) {
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) {
      return 0;
    }
    const int error = errno;
    if (error == EINTR) {
      continue;
    }
    if (error != EWOULDBLOCK || left <= std::chrono::milliseconds::zero()) {
      return error;
    }
    std::this_thread::sleep_for(kPause);
  }
}

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

absl::Status CheckOwner(const std::string& data_dir) {
  struct stat info {};
  if (::stat(data_dir.c_str(), &info) != 0) {
    const int error = errno;
    return error == ENOENT ? absl::OkStatus() : CannotLook(data_dir, error);
  }
  if (info.st_uid == ::geteuid()) {
    return absl::OkStatus();
  }
  const struct passwd* user = ::getpwuid(info.st_uid);
  const std::string name =
      user != nullptr ? user->pw_name : absl::StrCat("#", info.st_uid);
  return RefuseDirectory(absl::StrCat(data_dir,
                                      " belongs to ",
                                      name,
                                      ": run this as that user (sudo -u ",
                                      name,
                                      ")"));
}

absl::Status CheckStore(const std::string& data_dir) {
  MODBOUND_RETURN_IF_ERROR(CheckOwner(data_dir));
  struct stat info {};
  if (::stat((data_dir + "/modbound.sqlite3").c_str(), &info) == 0) {
    return absl::OkStatus();
  }
  const int error = errno;
  return error == ENOENT
             ? RefuseDirectory(absl::StrCat("there is no store in ", data_dir))
             : CannotLook(data_dir, error);
}

absl::StatusOr<FileDescriptor> LockDataDir(const std::string& data_dir,
                                           std::chrono::milliseconds patience) {
  MODBOUND_RETURN_IF_ERROR(MakeDirectories(data_dir));
  MODBOUND_RETURN_IF_ERROR(RefuseNetwork(data_dir));
  MODBOUND_RETURN_IF_ERROR(CloseToOthers(data_dir));
  const std::string path = data_dir + "/lock";
  MODBOUND_ASSIGN_OR_RETURN(FileDescriptor lock,
                            OpenFile(path, O_RDWR | O_CREAT));
  if (const int error = TryToLock(lock, patience); error != 0) {
    if (error != EWOULDBLOCK) {
      return FileError("lock", path, error);
    }
    const absl::StatusOr<std::string> holder = ReadFile(path);
    return RefuseDirectory(
        absl::StrCat(data_dir,
                     " is in use by another modboundd (process ",
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
