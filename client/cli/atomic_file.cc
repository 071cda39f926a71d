#include "client/cli/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "client/cli/error.h"

namespace modbound {
namespace {

absl::Status WriteError(const std::string& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return MakeError(
      full ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kInternal,
      full ? "DISK_FULL" : "",
      "",
      path + ": " + std::strerror(error));
}

}  // namespace

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  // An existing file of that name is no error to create_directories everywhere.
  if (!error && !std::filesystem::is_directory(path, error)) {
    error = std::make_error_code(std::errc::not_a_directory);
  }
  return error ? UsageError(path + ": " + error.message()) : absl::OkStatus();
}

absl::StatusOr<NewFolder> NewFolder::Make(const std::string& path) {
  NewFolder folder;
  if (path.empty()) {
    return folder;
  }
  std::error_code error;
  for (std::filesystem::path above = path;
       !above.empty() && !std::filesystem::exists(above, error);
       above = above.parent_path()) {
    folder.made_.push_back(above);
  }
  MODBOUND_RETURN_IF_ERROR(MakeFolder(path));
  return folder;
}

NewFolder::~NewFolder() {
  for (const std::string& path : made_) {
    ::rmdir(path.c_str());  // one that holds something stays
  }
}

absl::StatusOr<AtomicFile> AtomicFile::Create(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) {
    MODBOUND_RETURN_IF_ERROR(MakeFolder(folder));
  }
  if (std::filesystem::is_directory(path)) {
    return UsageError(path + ": is a folder");
  }
  AtomicFile file;
  file.path_ = path;
  file.temporary_ = path + ".part-XXXXXX";
  file.file_ = mkostemp(file.temporary_.data(), O_CLOEXEC);
  if (file.file_ < 0) {
    return UsageError(path + ": " + std::strerror(errno));
  }
  // mkostemp gives 0600; the file shall be as readable as any other new one.
  const mode_t mask = umask(0);
  umask(mask);
  fchmod(file.file_, 0666 & ~mask);
  return file;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      file_(std::exchange(other.file_, -1)) {}

AtomicFile::~AtomicFile() {
  if (file_ >= 0) {
    close(file_);
    unlink(temporary_.c_str());
  }
}

absl::Status AtomicFile::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(file_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return WriteError(path_, errno);
    }
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return absl::OkStatus();
}

absl::Status AtomicFile::Commit() {
  const int file = std::exchange(file_, -1);
  // Network file systems tell of a full disk only here.
  const bool closed = close(file) == 0;
  if (!closed || std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int error = errno;
    unlink(temporary_.c_str());
    return WriteError(path_, error);
  }
  return absl::OkStatus();
}

absl::Status WriteFile(const std::string& path, std::string_view text) {
  MODBOUND_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  MODBOUND_RETURN_IF_ERROR(file.Write(text));
  return file.Commit();
}

}  // namespace modbound
