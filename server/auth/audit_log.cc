#include "server/auth/audit_log.h"

#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/store/wall_time.h"
#include "spdlog/spdlog.h"

namespace modbound {
namespace {

constexpr std::size_t kMostWaiting = 20000;
// Until what was written is durable, and until a failed write is tried again.
constexpr std::chrono::seconds kSyncDelay(1);

}  // namespace

AuditLog::AuditLog(const std::string& folder, const AuditLimits& limits)
    : file_(folder, limits) {
  // What a power cut left is mended at once, not with the first record.
  if (::access((folder + "/audit.log").c_str(), F_OK) == 0) {
    if (const absl::Status mended = file_.Append({}); !mended.ok()) {
      spdlog::error("event=audit_not_written error=\"{}\"", LogText(mended));
    }
  }
  thread_ = std::thread([this] { Loop(); });
}

AuditLog::~AuditLog() {
  {
    const MutexLock lock(mutex_);
    ending_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
}

void AuditLog::Add(std::string event,
                   std::vector<std::pair<std::string, std::string>> facts) {
  {
    const MutexLock lock(mutex_);
    if (waiting_.size() >= kMostWaiting) {
      ++lost_;
      return;
    }
    waiting_.push_back({WallMicros(), std::move(event), std::move(facts)});
  }
  changed_.NotifyOne();
}

void AuditLog::Loop() {
  using Clock = std::chrono::steady_clock;
  std::vector<AuditRecord> batch;
  bool unsynced = false;
  Clock::time_point sync_at;
  while (true) {
    bool ending = false;
    int64_t lost = 0;
    {
      const MutexLock lock(mutex_);
      while (!ending_ && waiting_.empty() && batch.empty()) {
        if (!unsynced) {
          changed_.Wait(mutex_);
        } else if (!changed_.WaitUntil(mutex_, sync_at)) {
          break;
        }
      }
      if (batch.empty()) {
        batch.swap(waiting_);
        lost = std::exchange(lost_, 0);
      } else if (!ending_) {
        changed_.WaitUntil(mutex_, Clock::now() + kSyncDelay);
      }
      ending = ending_;
    }
    if (!batch.empty() && WriteBatch(batch, lost) && !unsynced) {
      unsynced = true;
      sync_at = Clock::now() + kSyncDelay;
    }
    if (unsynced && (ending || Clock::now() >= sync_at)) {
      unsynced = false;
      if (const absl::Status synced = file_.Sync(); !synced.ok()) {
        spdlog::error("event=audit_not_durable error=\"{}\"", LogText(synced));
      }
    }
    if (ending) {
      const MutexLock lock(mutex_);
      if (waiting_.empty() || !batch.empty()) {
        return;
      }
    }
  }
}

bool AuditLog::WriteBatch(std::vector<AuditRecord>& batch, int64_t lost) {
  if (lost > 0) {
    batch.push_back({WallMicros(), "lost", {{"records", absl::StrCat(lost)}}});
  }
  if (const absl::Status written = file_.Append(batch); !written.ok()) {
    spdlog::error("event=audit_not_written error=\"{}\"", LogText(written));
    return false;
  }
  batch.clear();
  return true;
}

}  // namespace modbound
