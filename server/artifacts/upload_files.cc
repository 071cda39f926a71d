#include "server/artifacts/upload_files.h"

#include <chrono>
#include <filesystem>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/artifacts/sha256.h"
#include "server/errors/quota_error.h"
#include "server/files/file_io.h"
#include "server/files/until_memory.h"

namespace modbound {
namespace {

constexpr auto kKeepFor = std::chrono::hours(24);
constexpr char kBytes[] = ".bytes";
constexpr char kHeader[] = ".header";
constexpr char kAnonymous[] = "anonymous-";
constexpr char kOpenUploads[] = "uploads that are open";

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

}  // namespace

absl::Status BegunWithAnotherHeader() {
  return Refuse(reason::kContradiction,
                "header",
                "this upload_id was begun with another header: use another "
                "upload_id");
}

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
         (same_boot || !header.sha256().empty()) && !IsOld(name);
}

// By the bytes; an upload whose bytes have become an artifact by its header.
bool UploadFiles::IsOld(const std::string& name) const {
  std::error_code error;
  auto changed = std::filesystem::last_write_time(BytesPath(name), error);
  if (error) {
    changed = std::filesystem::last_write_time(HeaderPath(name), error);
  }
  return !error &&
         std::filesystem::file_time_type::clock::now() - changed > kKeepFor;
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

absl::StatusOr<std::shared_ptr<OpenUpload>> UploadFiles::Acquire(
    const std::string& owner, const std::string& name) {
  MutexLock lock(mutex_);
  const auto mine = of_owner_.find(owner);
  const int count = mine == of_owner_.end() ? 0 : mine->second;
  for (const Quota& quota :
       {Quota{owner, kOpenUploads, limits_.of_owner, count},
        Quota{"", kOpenUploads, limits_.in_all, in_all_}}) {
    if (quota.current >= quota.limit) {
      return QuotaError("TOO_MANY", quota);
    }
  }
  // First what may find no memory.
  int& streams = of_owner_[owner];
  Entry& entry = open_[name];
  ++entry.streams;
  ++streams;
  ++in_all_;
  return entry.upload;
}

void UploadFiles::Release(const std::string& owner, const std::string& name) {
  MutexLock lock(mutex_);
  --in_all_;
  if (const auto mine = of_owner_.find(owner); --mine->second == 0) {
    of_owner_.erase(mine);
  }
  if (const auto entry = open_.find(name); --entry->second.streams == 0) {
    open_.erase(entry);
  }
}

absl::StatusOr<int64_t> UploadFiles::Resume(
    const std::string& name, const v1::UploadRequest::Header& header) {
  const std::string wanted = header.SerializeAsString();
  const absl::StatusOr<int64_t> size = Size(name);
  const absl::StatusOr<std::string> begun = ReadFile(HeaderPath(name));
  if (size.ok() && begun.ok()) {
    if (*begun != wanted) {
      return BegunWithAnotherHeader();
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
  // Destructors call it.
  UntilMemory([&] {
    RemoveFile(BytesPath(name)).IgnoreError();
    RemoveFile(HeaderPath(name)).IgnoreError();
  });
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
  for (const std::string& name : Names(folder_)) {
    if (open_.count(name) == 0 && IsOld(name)) {
      Remove(name);
    }
  }
}

}  // namespace modbound
