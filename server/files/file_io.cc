#include "server/files/file_io.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace modbound {
namespace {

constexpr char kDiskFull[] = "DISK_FULL";
constexpr char kOverloaded[] = "OVERLOADED";

}  // namespace

std::string DirectoryOf(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = other.fd_;
    other.fd_ = -1;
  }
  return *this;
}

void FileDescriptor::Close() {
  if (fd_ >= 0) {
    ::close(fd_);
    fd_ = -1;
  }
}

absl::Status FileError(std::string_view action,
                       const std::string& path,
                       int error) {
  if (error == ENOSPC || error == EDQUOT) {
    return WithDetail(MakeError(absl::StatusCode::kResourceExhausted,
                                kDiskFull,
                                "",
                                "the server's disk is full"),
                      path);
  }
  absl::StatusCode code = absl::StatusCode::kInternal;
  const char* reason = reason::kInternal;
  if (error == ENOENT) {
    code = absl::StatusCode::kNotFound;
  } else if (error == EMFILE || error == ENFILE || error == ENOMEM) {
    code = absl::StatusCode::kUnavailable;
    reason = kOverloaded;
  }
  return WithDetail(
      MakeError(code,
                reason,
                "",
                absl::StrCat("cannot ",
                             std::string(action),
                             " a file of the server: ",
                             std::generic_category().message(error))),
      path);
}

bool IsShortage(const absl::Status& status) {
  // Guarded, where there was no memory for words.
  if (absl::IsUnavailable(status) && status.message().empty()) {
    return true;
  }
  const std::string reason = ReasonOf(status);
  return reason == kDiskFull || reason == kOverloaded;
}

absl::StatusOr<FileDescriptor> OpenFile(const std::string& path, int flags) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) {
    return FileError("open", path, errno);
  }
  return FileDescriptor(fd);
}

absl::Status WriteAt(const FileDescriptor& file,
                     const std::string& path,
                     std::string_view bytes,
                     int64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(file.get(), bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return FileError("write", path, written == 0 ? ENOSPC : errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += written;
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> ReadAt(const FileDescriptor& file,
                               const std::string& path,
                               char* buffer,
                               int64_t count,
                               int64_t offset) {
  int64_t total = 0;
  while (total < count) {
    const ssize_t got = ::pread(file.get(),
                                buffer + total,
                                static_cast<std::size_t>(count - total),
                                offset + total);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return FileError("read", path, errno);
    }
    if (got == 0) {
      break;
    }
    total += got;
  }
  return total;
}

absl::StatusOr<int64_t> FileSize(const FileDescriptor& file,
                                 const std::string& path) {
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) {
    return FileError("stat", path, errno);
  }
  return static_cast<int64_t>(info.st_size);
}

absl::Status SyncFile(const FileDescriptor& file, const std::string& path) {
  int result = 0;
  do {
    result = ::fsync(file.get());
  } while (result != 0 && errno == EINTR);
  return result == 0 ? absl::OkStatus() : FileError("sync", path, errno);
}

absl::Status SyncDirectory(const std::string& path) {
  MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor directory,
                            OpenFile(path, O_RDONLY | O_DIRECTORY));
  return SyncFile(directory, path);
}

absl::Status MakeDirectory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return FileError("make", path, errno);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor file,
                            OpenFile(path, O_RDONLY));
  MODBOUND_ASSIGN_OR_RETURN(const int64_t size, FileSize(file, path));
  std::string bytes(static_cast<std::size_t>(size), '\0');
  MODBOUND_ASSIGN_OR_RETURN(const int64_t got,
                            ReadAt(file, path, bytes.data(), size, 0));
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

absl::Status RenameFile(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return FileError("rename", absl::StrCat(from, " to ", to), errno);
  }
  return absl::OkStatus();
}

absl::Status RemoveFile(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return FileError("remove", path, errno);
  }
  return absl::OkStatus();
}

absl::Status RemoveFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  return error ? FileError("remove", path, error.value()) : absl::OkStatus();
}

absl::Status ReplaceFile(const std::string& path,
                         std::string_view bytes,
                         Durability durability) {
  const std::string temporary = path + ".part";
  absl::Status status = [&]() -> absl::Status {
    MODBOUND_ASSIGN_OR_RETURN(
        const FileDescriptor file,
        OpenFile(temporary, O_WRONLY | O_CREAT | O_TRUNC));
    MODBOUND_RETURN_IF_ERROR(WriteAt(file, temporary, bytes, 0));
    return durability == Durability::kSynced ? SyncFile(file, temporary)
                                             : absl::OkStatus();
  }();
  if (status.ok()) {
    status = RenameFile(temporary, path);
  }
  if (!status.ok()) {
    RemoveFile(temporary).IgnoreError();
    return status;
  }
  return durability == Durability::kSynced ? SyncDirectory(DirectoryOf(path))
                                           : absl::OkStatus();
}

// Not O_TRUNC: ext4 writes a file that was cut to nothing to the disk when it
// is closed.
absl::Status OverwriteFile(const std::string& path, std::string_view bytes) {
  MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor file,
                            OpenFile(path, O_WRONLY | O_CREAT));
  MODBOUND_RETURN_IF_ERROR(WriteAt(file, path, bytes, 0));
  MODBOUND_ASSIGN_OR_RETURN(const int64_t size, FileSize(file, path));
  const auto wanted = static_cast<int64_t>(bytes.size());
  if (size > wanted && ::ftruncate(file.get(), wanted) != 0) {
    return FileError("cut", path, errno);
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> FreeDiskBytes(const std::string& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) {
    return FileError("measure the disk of", path, errno);
  }
  return static_cast<int64_t>(info.f_bavail) *
         static_cast<int64_t>(info.f_frsize);
}

absl::Status RequireFreeSpace(const std::string& path, int64_t bytes) {
  MODBOUND_ASSIGN_OR_RETURN(const int64_t free_bytes, FreeDiskBytes(path));
  if (bytes > free_bytes - kReservedDiskBytes) {
    return FileError("write", path, ENOSPC);
  }
  return absl::OkStatus();
}

}  // namespace modbound
