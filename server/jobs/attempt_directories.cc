#include "server/jobs/attempt_directories.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/executors/attempt.h"
#include "server/files/file_io.h"
#include "server/files/until_memory.h"

namespace modbound {
namespace {

// Enough for the rate of small jobs that a machine of a few cores reaches, and
// few beside what else is on the disk.
constexpr std::size_t kMostSpares = 8;

}  // namespace

AttemptDirectories::AttemptDirectories(const std::string& data_dir)
    : folder_(data_dir + "/spare") {
  spares_.reserve(kMostSpares);
}

AttemptDirectories::~AttemptDirectories() {
  IfMemory([&] { Remove(folder_); });
}

absl::Status AttemptDirectories::Open() const {
  MODBOUND_RETURN_IF_ERROR(RemoveFolder(folder_));
  return MakeDirectory(folder_);
}

absl::Status AttemptDirectories::Make(const std::string& dir) {
  return TakeSpare(dir) ? absl::OkStatus() : MakeAttemptDirectory(dir);
}

bool AttemptDirectories::TakeSpare(const std::string& dir) {
  std::string spare;
  {
    const MutexLock lock(mutex_);
    if (spares_.empty()) {
      return false;
    }
    spare = std::move(spares_.back());
    spares_.pop_back();
  }
  // What cannot be renamed, or removed for want of memory, goes at the next
  // start.
  if (RenameFile(spare, dir).ok()) {
    return true;
  }
  Remove(spare);
  return false;
}

void AttemptDirectories::Release(const std::string& dir) {
  if (!KeepSpare(dir)) {
    Remove(dir);
  }
}

bool AttemptDirectories::KeepSpare(const std::string& dir) {
  std::string spare;
  {
    const MutexLock lock(mutex_);
    if (spares_.size() + making_ == kMostSpares) {
      return false;
    }
    spare = absl::StrCat(folder_, "/", next_++);
    ++making_;
  }
  bool made = false;
  const absl::Cleanup done = [&] {
    const MutexLock lock(mutex_);
    --making_;
    if (made) {
      spares_.push_back(std::move(spare));
    }
  };
  const absl::StatusOr<bool> empty = EmptyAttemptDirectory(dir);
  made = empty.ok() && *empty && RenameFile(dir, spare).ok();
  return made;
}

void AttemptDirectories::Remove(const std::string& dir) {
  if (const absl::Status status = RemoveFolder(dir); !status.ok()) {
    // The next start of the server removes it.
    spdlog::warn("event=not_removed error=\"{}\"", LogText(status));
  }
}

}  // namespace modbound
