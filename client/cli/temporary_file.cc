#include "client/cli/temporary_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "client/cli/error.h"

namespace modbound {
namespace {

std::string TemporaryFolderName() {
  std::error_code error;
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path(error);
  return error ? "/tmp" : folder.string();
}

absl::Status TemporaryFileError(int error) {
  const std::string message = "a converted array cannot be kept in " +
                              TemporaryFolderName() +
                              " ($TMPDIR): " + std::strerror(error);
  return MakeError(error == ENOSPC ? absl::StatusCode::kResourceExhausted
                                   : absl::StatusCode::kInternal,
                   "",
                   "",
                   message);
}

}  // namespace

absl::StatusOr<TemporaryFile> TemporaryFile::Make() {
  std::string name = TemporaryFolderName() + "/modbound_XXXXXX";
  const int file = mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) {
    return TemporaryFileError(errno);
  }
  unlink(name.c_str());
  return TemporaryFile(file);
}

TemporaryFile::TemporaryFile(TemporaryFile&& other) noexcept
    : file_(std::exchange(other.file_, -1)) {}

TemporaryFile::~TemporaryFile() {
  if (file_ >= 0) {
    close(file_);
  }
}

int TemporaryFile::Release() && { return std::exchange(file_, -1); }

absl::Status TemporaryFile::Write(std::string_view bytes,
                                  int64_t offset) const {
  while (!bytes.empty()) {
    const ssize_t count = pwrite(file_, bytes.data(), bytes.size(), offset);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return TemporaryFileError(errno);
    }
    bytes.remove_prefix(static_cast<size_t>(count));
    offset += count;
  }
  return absl::OkStatus();
}

absl::Status TemporaryFile::Read(char* bytes,
                                 int64_t size,
                                 int64_t offset) const {
  while (size > 0) {
    const ssize_t count =
        pread(file_, bytes, static_cast<size_t>(size), offset);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return TemporaryFileError(count < 0 ? errno : EIO);
    }
    bytes += count;
    size -= count;
    offset += count;
  }
  return absl::OkStatus();
}

}  // namespace modbound
