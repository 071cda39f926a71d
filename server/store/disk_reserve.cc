#include "server/store/disk_reserve.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/error.h"
#include "server/files/file_io.h"

namespace modbound {
namespace {

absl::Status Preallocate(const std::string& path, int64_t bytes) {
  MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor file,
                            OpenFile(path, O_WRONLY | O_CREAT));
  const int error = ::posix_fallocate(file.get(), 0, bytes);
  return error == 0 ? absl::OkStatus()
                    : FileError("make room for", path, error);
}

}  // namespace

DiskReserve::DiskReserve(const std::string& data_dir)
    : data_dir_(data_dir), path_(data_dir + "/reserve") {
  std::error_code error;
  const auto size = std::filesystem::file_size(path_, error);
  held_ = !error && static_cast<int64_t>(size) >= kBytes;
}

void DiskReserve::Adjust() {
  if (unavailable_) {
    return;
  }
  const absl::StatusOr<int64_t> free_bytes = FreeDiskBytes(data_dir_);
  if (!free_bytes.ok()) {
    return;
  }
  if (held_ && *free_bytes < kLowBytes) {
    Release();
  } else if (!held_ && *free_bytes >= kBytes + kReservedDiskBytes) {
    Take();
  }
}

void DiskReserve::Release() {
  if (!held_) {
    return;
  }
  const absl::Status removed = RemoveFile(path_);
  spdlog::warn("event=disk_reserve_released bytes={} error=\"{}\"",
               kBytes,
               LogText(removed));
  held_ = !removed.ok();
}

void DiskReserve::Take() {
  const absl::Status made = Preallocate(path_, kBytes);
  held_ = made.ok();
  if (!held_) {
    RemoveFile(path_).IgnoreError();
    unavailable_ = !IsShortage(made);
    spdlog::warn("event=no_disk_reserve error=\"{}\"", LogText(made));
  }
}

}  // namespace modbound
