#include "server/artifacts/upload_files.h"

#include <filesystem>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/artifacts/sha256.h"
#include "server/files/file_io.h"

namespace modbound {
namespace {

constexpr auto kKeepFor = std::chrono::hours(24);
constexpr auto kRemovalInterval = std::chrono::hours(1);
constexpr char kBytes[] = ".bytes";
constexpr char kHeader[] = ".header";
constexpr char kAnonymous[] = "anonymous-";

// Names in the folder, without the ending.
std::set<std::string> Names(const std::string& folder) {
  std::set<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end;
       !error && it != end;
       it.increment(error)) {
    if (it->path().filename() != "boot") {
      names.insert(it->path().stem().string());
    }
  }
  return names;
}

bool IsOld(const std::string& path) {
  std::error_code error;
  const auto changed = std::filesystem::last_write_time(path, error);
  return !error &&
         std::filesystem::file_time_type::clock::now() - changed > kKeepFor;
}

}  // namespace

absl::Status UploadFiles::Open() {
  MODBOUND_RETURN_IF_ERROR(MakeDirectory(folder_));
  // Names this run of the machine; where the kernel does not tell, every start
  // counts as another.
  const absl::StatusOr<std::string> boot =
      ReadFile("/proc/sys/kernel/random/boot_id");
  const absl::StatusOr<std::string> last_boot = ReadFile(folder_ + "/boot");
  const bool same_boot = boot.ok() && last_boot.ok() && *boot == *last_boot;
  for (const std::string& name : Names(folder_)) {
    if (!MayStayAtStart(name, same_boot)) {
      Remove(name);
    }
  }
  return boot.ok() ? ReplaceFile(folder_ + "/boot", *boot, Durability::kSynced)
                   : absl::OkStatus();
}

bool UploadFiles::MayStayAtStart(const std::string& name,
                                 bool same_boot) const {
  v1::UploadRequest::Header header;
  const absl::StatusOr<std::string> bytes = ReadFile(HeaderPath(name));
  return bytes.ok() && header.ParseFromString(*bytes) &&
         (same_boot || !header.sha256().empty()) && !IsOld(BytesPath(name));
}

std::string UploadFiles::NameOf(const std::string& owner,
                                const std::string& upload_id) {
  if (upload_id.empty()) {
    MutexLock lock(mutex_);
    return absl::StrCat(kAnonymous, next_anonymous_++);
  }
  return Sha256Hex(owner + std::string(1, '\0') + upload_id);
}

std::string UploadFiles::BytesPath(const std::string& name) const {
  return absl::StrCat(folder_, "/", name, kBytes);
}

std::string UploadFiles::HeaderPath(const std::string& name) const {
  return absl::StrCat(folder_, "/", name, kHeader);
}

absl::Status UploadFiles::Acquire(const std::string& name) {
  RemoveOld();
  MutexLock lock(mutex_);
  if (!open_.insert(name).second) {
    return MakeError(absl::StatusCode::kFailedPrecondition,
                     "WRONG_STATE",
                     "header.upload_id",
                     "another stream of this upload_id is open");
  }
  return absl::OkStatus();
}

void UploadFiles::Release(const std::string& name) {
  MutexLock lock(mutex_);
  open_.erase(name);
}

absl::StatusOr<int64_t> UploadFiles::Resume(
    const std::string& name, const v1::UploadRequest::Header& header) {
  const std::string wanted = header.SerializeAsString();
  const absl::StatusOr<int64_t> size = Size(name);
  const absl::StatusOr<std::string> begun = ReadFile(HeaderPath(name));
  if (size.ok() && begun.ok()) {
    if (*begun != wanted) {
      return Refuse(reason::kContradiction,
                    "header",
                    "this upload_id was begun with another header: use another "
                    "upload_id");
    }
    return size;
  }
  Remove(name);
  if (!absl::StartsWith(name, kAnonymous)) {
    MODBOUND_RETURN_IF_ERROR(
        ReplaceFile(HeaderPath(name), wanted, Durability::kCached));
  }
  return 0;
}

// The bytes first: a header alone is a new upload.
void UploadFiles::Remove(const std::string& name) {
  RemoveFile(BytesPath(name)).IgnoreError();
  RemoveFile(HeaderPath(name)).IgnoreError();
}

absl::StatusOr<int64_t> UploadFiles::Size(const std::string& name) const {
  std::error_code error;
  const auto size = std::filesystem::file_size(BytesPath(name), error);
  if (error) {
    return MakeError(absl::StatusCode::kNotFound,
                     "UPLOAD_NOT_FOUND",
                     "upload_id",
                     "no upload of this upload_id is in progress");
  }
  return static_cast<int64_t>(size);
}

void UploadFiles::RemoveOld() {
  MutexLock lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now < next_removal_) {
    return;
  }
  next_removal_ = now + kRemovalInterval;
  for (const std::string& name : Names(folder_)) {
    if (open_.count(name) == 0 && IsOld(BytesPath(name))) {
      Remove(name);
    }
  }
}

}  // namespace modbound
