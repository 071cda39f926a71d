#include "server/jobs/attempt_log.h"

#include <spdlog/spdlog.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace modbound {

void AttemptLog::Progress(const ProgressUpdate& update) {
  board_->Update(job_, attempt_, update);
  if (!IsNews(update.phase)) {
    return;
  }
  const std::string of =
      update.total > 0 ? absl::StrCat(" of ", update.total) : "";
  Log(absl::StrCat(
      "phase ", update.phase, ": ", update.done, of, " ", update.unit));
}

void AttemptLog::Log(std::string_view line) {
  logs_.Append(job_,
               absl::StrCat("attempt ", attempt_, ": ", std::string(line)));
}

void AttemptLog::Resumed(const FileCheckpoint::Resumed& from) {
  spdlog::info(
      "event=resumed job={} attempt={} phase=\"{}\" done={} "
      "work_seconds={:.3f}",
      job_,
      attempt_,
      from.phase,
      from.done,
      from.work_seconds);
  Log(ResumedText(from));
}

void AttemptLog::CheckpointFailed(const absl::Status& status) {
  spdlog::warn("event=checkpoint_not_written job={} attempt={} error=\"{}\"",
               job_,
               attempt_,
               LogText(status));
  Log(absl::StrCat("no checkpoint: ", std::string(status.message())));
}

void AttemptLog::Hangs(std::chrono::milliseconds silence) {
  const double seconds = static_cast<double>(silence.count()) / 1000;
  spdlog::error("event=attempt_hangs job={} attempt={} silent_seconds={}",
                job_,
                attempt_,
                seconds);
  Log(absl::StrCat("hangs: no sign of work for ",
                   seconds,
                   " s; its thread keeps its cores until the server is started "
                   "anew"));
}

bool AttemptLog::IsNews(const std::string& phase) {
  const SteadyTime now = std::chrono::steady_clock::now();
  const MutexLock lock(mutex_);
  if (phase == phase_) {
    return false;
  }
  if (!known_.insert(phase).second && now - told_ < std::chrono::seconds(1)) {
    return false;
  }
  phase_ = phase;
  told_ = now;
  return true;
}

}  // namespace modbound
