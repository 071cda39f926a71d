#include "server/jobs/progress_board.h"

#include <algorithm>
#include <vector>

namespace modbound {

// eta = time of this phase so far * units left / units done in it.
v1::Progress ProgressBoard::ToProgress(const Job& job,
                                       const ProgressUpdate& update,
                                       SteadyTime now) {
  v1::Progress progress;
  progress.set_done(update.done);
  progress.set_total(update.total);
  progress.set_unit(update.unit);
  progress.set_phase(update.phase);
  for (const auto& [name, value] : update.metrics) {
    (*progress.mutable_metrics())[name] = value;
  }
  if (update.total <= 0) {
    return progress;
  }
  const auto total = static_cast<double>(update.total);
  const auto done = std::clamp(static_cast<double>(update.done), 0.0, total);
  progress.set_fraction(done / total);
  const double done_here = done - static_cast<double>(job.phase_done);
  if (done_here > 0) {
    *progress.mutable_eta() =
        ToDuration(Seconds(job.phase_start, now) * (total - done) / done_here);
  }
  return progress;
}

void ProgressBoard::Update(const std::string& id,
                           int attempt,
                           const ProgressUpdate& update) {
  const SteadyTime now = std::chrono::steady_clock::now();
  bool tell = false;
  bool defer = false;
  {
    const MutexLock lock(mutex_);
    Job& job = jobs_[id];
    // A phase also begins anew when it goes back: the same word twice in a row.
    if (job.entry.attempt != attempt || job.phase != update.phase ||
        job.entry.progress.total() != update.total ||
        job.entry.progress.done() > update.done) {
      job.phase = update.phase;
      job.phase_start = now;
      job.phase_done = update.done;
    }
    job.entry.progress = ToProgress(job, update, now);
    job.entry.attempt = attempt;
    job.entry.version = ++last_version_;
    job.entry.time_us = WallMicros();
    tell = now - job.told >= kProgressInterval;
    defer = !tell && !job.is_deferred;
    if (tell) {
      job.told = now;
    }
    job.is_deferred = !tell;
  }
  if (tell) {
    changed_(id);
  }
  if (defer) {
    deferred_();
  }
}

std::optional<ProgressBoard::Entry> ProgressBoard::Latest(
    const std::string& job) const {
  const MutexLock lock(mutex_);
  const auto found = jobs_.find(job);
  return found == jobs_.end() ? std::nullopt
                              : std::optional(found->second.entry);
}

void ProgressBoard::Remove(const std::string& job) {
  const MutexLock lock(mutex_);
  jobs_.erase(job);
}

SteadyTime ProgressBoard::Flush(SteadyTime now) {
  std::vector<std::string> due;
  SteadyTime next = SteadyTime::max();
  {
    const MutexLock lock(mutex_);
    for (auto& [id, job] : jobs_) {
      if (!job.is_deferred) {
        continue;
      }
      if (now - job.told < kProgressInterval) {
        next = std::min(next, job.told + kProgressInterval);
        continue;
      }
      job.told = now;
      job.is_deferred = false;
      due.push_back(id);
    }
  }
  for (const std::string& id : due) {
    changed_(id);
  }
  return next;
}

}  // namespace modbound
