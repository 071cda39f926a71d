#include "server/jobs/scheduler.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace modbound {
namespace {

// Until a write that the store refused is tried again.
constexpr int64_t kRetryMicros = 1000000;

}  // namespace

Scheduler::Scheduler(StateWriter& writer,
                     AttemptRunner& runner,
                     ProgressBoard& progress,
                     const Leases& leases)
    : writer_(writer), runner_(runner), progress_(progress), leases_(leases) {}

Scheduler::~Scheduler() {
  Drain();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Scheduler::Start() {
  {
    const MutexLock lock(mutex_);
    thread_runs_ = true;
  }
  thread_ = std::thread([this] { Loop(); });
}

void Scheduler::OnChanges(const std::vector<StateChange>& changes) {
  const SteadyTime now = std::chrono::steady_clock::now();
  const int64_t now_us = WallMicros();
  const MutexLock lock(mutex_);
  for (const StateChange& change : changes) {
    if (change.state == v1::JobState::QUEUED) {
      const int64_t waited_us = now_us - change.schedule.ready_us;
      ready_.Add(
          {change.job, change.schedule, now - (After(now, waited_us) - now)});
    } else {
      ready_.Remove(change.job);
    }
    if (HasEnded(change.state)) {
      deadlines_.Remove(change.job);
    } else if (change.schedule.deadline_us != 0 &&
               !deadlines_.Has(change.job)) {
      // Derived once: from then on the wall clock may jump.
      deadlines_.Set(change.job,
                     After(now, change.schedule.deadline_us - now_us));
    }
  }
  PokeLocked();
}

void Scheduler::StopAttempt(const std::string& job, StopCause cause) {
  const MutexLock lock(mutex_);
  if (const auto found = running_.find(job); found != running_.end()) {
    found->second.control->Stop(cause);
  }
}

void Scheduler::Poke() {
  const MutexLock lock(mutex_);
  PokeLocked();
}

void Scheduler::PokeLocked() {
  poked_ = true;
  poked_or_ended_.NotifyAll();
}

int Scheduler::leased_cores() const {
  const MutexLock lock(mutex_);
  return leases_.leased_cores();
}

void Scheduler::Drain() {
  const MutexLock lock(mutex_);
  draining_ = true;
  for (auto& [job, running] : running_) {
    running.control->Stop(StopCause::kDrain);
  }
  PokeLocked();
  while (thread_runs_ || !running_.empty()) {
    poked_or_ended_.Wait(mutex_);
  }
}

void Scheduler::Loop() {
  while (true) {
    const SteadyTime next_flush =
        progress_.Flush(std::chrono::steady_clock::now());
    Work work;
    {
      const MutexLock lock(mutex_);
      if (draining_) {
        thread_runs_ = false;
        PokeLocked();
        return;
      }
      work = TakeWork(std::chrono::steady_clock::now());
      if (work.expired.empty() && !work.pick.has_value()) {
        SteadyTime next =
            std::min({next_flush, deadlines_.Next(), run_limits_.Next()});
        if (paused_until_ > std::chrono::steady_clock::now()) {
          next = std::min(next, paused_until_);
        }
        if (!poked_) {
          // Spurious wakes only make it look once more. Without a time to wake
          // at, an hour: the end of time would overflow inside the library.
          poked_or_ended_.WaitUntil(mutex_,
                                    std::min(next,
                                             std::chrono::steady_clock::now() +
                                                 std::chrono::hours(1)));
        }
        poked_ = false;
        continue;
      }
    }
    if (!work.expired.empty()) {
      Expire(work.expired);
    }
    if (work.pick.has_value()) {
      StartAttempt(*work.pick);
    }
  }
}

Scheduler::Work Scheduler::TakeWork(SteadyTime now) {
  Work work;
  StopOverdue(now, work);
  // Jobs that expired now may be the first to start: they end before.
  if (work.expired.empty() && now >= paused_until_) {
    work.pick = TakePick(now);
  }
  return work;
}

void Scheduler::StopOverdue(SteadyTime now, Work& work) {
  for (const std::string& job : deadlines_.TakeDue(now)) {
    const auto found = running_.find(job);
    if (found == running_.end()) {
      work.expired.push_back(job);
    } else {
      found->second.control->Stop(StopCause::kDeadline);
    }
  }
  for (const std::string& job : run_limits_.TakeDue(now)) {
    if (const auto found = running_.find(job); found != running_.end()) {
      found->second.control->Stop(StopCause::kRunTime);
    }
  }
}

std::optional<Scheduler::Pick> Scheduler::TakePick(SteadyTime now) {
  const ReadyJob* first = ready_.First();
  if (first == nullptr || running_.count(first->id) > 0) {
    return std::nullopt;
  }
  const std::optional<Lease> lease =
      leases_.Take(first->schedule.threads, first->schedule.memory_bytes);
  if (!lease.has_value()) {
    return std::nullopt;
  }
  Pick pick{*first, *lease, std::make_shared<AttemptControl>()};
  ready_.Remove(pick.job.id);
  // Known as running before the store knows it: a cancel that comes right after
  // the start finds it.
  running_[pick.job.id] = {pick.control, pick.lease};
  if (pick.job.schedule.max_run_us != 0) {
    run_limits_.Set(pick.job.id, After(now, pick.job.schedule.max_run_us));
  }
  return pick;
}

void Scheduler::Expire(const std::vector<std::string>& jobs) {
  const absl::Status status = writer_.WriteAndWait(
      [&](Connection&, JobTransitions& transitions) -> absl::Status {
        const JobEnd end =
            EndedBy(v1::JobState::FAILED, TimeError(StopCause::kDeadline));
        for (const std::string& job : jobs) {
          MODBOUND_RETURN_IF_ERROR(transitions.EndUnstarted(job, end).status());
        }
        return absl::OkStatus();
      });
  if (!status.ok()) {
    spdlog::error("cannot end jobs whose deadline passed: {}",
                  std::string(status.message()));
    const SteadyTime now = std::chrono::steady_clock::now();
    const MutexLock lock(mutex_);
    for (const std::string& job : jobs) {
      deadlines_.Set(job, After(now, kRetryMicros));
    }
  }
}

void Scheduler::StartAttempt(const Pick& pick) {
  AttemptRunner::Order order;
  order.job = pick.job.id;
  order.threads = pick.lease.cores;
  order.ready = pick.job.ready;
  order.start = std::chrono::steady_clock::now();
  order.control = pick.control;
  runner_.Run(order, [this, job = pick.job](const absl::Status& status) {
    OnEnded(job, status);
  });
}

void Scheduler::OnEnded(const ReadyJob& job, const absl::Status& status) {
  if (!status.ok()) {
    spdlog::error(
        "cannot start job {}: {}", job.id, std::string(status.message()));
  }
  const SteadyTime now = std::chrono::steady_clock::now();
  const MutexLock lock(mutex_);
  const auto found = running_.find(job.id);
  leases_.Return(found->second.lease);
  const bool out_of_time =
      found->second.control->cause() == StopCause::kDeadline;
  running_.erase(found);
  run_limits_.Remove(job.id);
  if (!status.ok()) {
    ready_.Add(job);
    paused_until_ = After(now, kRetryMicros);
    if (out_of_time) {
      deadlines_.Set(job.id, now);
    }
  }
  PokeLocked();
}

}  // namespace modbound
