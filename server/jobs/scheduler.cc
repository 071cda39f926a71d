#include "server/jobs/scheduler.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "core/base/error.h"
#include "server/files/guarded.h"
#include "server/files/until_memory.h"

namespace modbound {
namespace {

// Pauses grow, since what is put back costs rows of the store.
constexpr int64_t kMostPauseGrowth = 8;
// Until a deadline that the store could not take is told to it again.
constexpr int64_t kDeadlineRetryMicros = 1000000;
// They read and hash outputs, which would take the disk from those that run.
constexpr int kMostAnswers = 2;
// So long all cores may work for those who used less before, until an owner who
// used more has a turn again.
constexpr double kMostLeadSeconds = 600;

}  // namespace

Scheduler::Scheduler(StateWriter& writer,
                     AttemptRunner& runner,
                     ResultCache& results,
                     ProgressBoard& progress,
                     const Leases& leases,
                     Options options)
    : writer_(writer),
      runner_(runner),
      results_(results),
      progress_(progress),
      options_(std::move(options)),
      leases_(leases),
      share_(options_.half_life) {}

Scheduler::~Scheduler() {
  Drain();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Scheduler::Start() {
  {
    const MutexLock lock(mutex_);
    for (const auto& [owner, core_seconds] : options_.usage) {
      share_.Load(owner, core_seconds, std::chrono::steady_clock::now());
    }
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
      // Not less than 0, where the wall clock jumped back over a restart.
      const int64_t waited_us =
          std::max<int64_t>(now_us - change.schedule.ready_us, 0);
      ready_.Add(
          {change.job, change.schedule, now - (After(now, waited_us) - now)});
    } else {
      ready_.Remove(change.job);
    }
    if (change.state == v1::JobState::SUCCEEDED) {
      ready_.SetAnswerable(change.schedule.cache_key);
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

void Scheduler::BeginDrain() {
  draining_ = true;
  for (auto& [job, running] : running_) {
    running.control->Stop(StopCause::kDrain);
  }
  PokeLocked();
}

bool Scheduler::Drained() const {
  return !thread_runs_ && running_.empty() && expiring_ == 0 && answering_ == 0;
}

bool Scheduler::Computes() const {
  return std::any_of(running_.begin(), running_.end(), [](const auto& running) {
    return running.second.hangs_by_now();
  });
}

void Scheduler::Drain() {
  const MutexLock lock(mutex_);
  BeginDrain();
  while (!Drained()) {
    poked_or_ended_.Wait(mutex_);
  }
}

bool Scheduler::DrainWithin(std::chrono::milliseconds most) {
  const SteadyTime end = std::chrono::steady_clock::now() + most;
  const MutexLock lock(mutex_);
  BeginDrain();
  while (!Drained()) {
    if (std::chrono::steady_clock::now() < end) {
      poked_or_ended_.WaitUntil(mutex_, end);
    } else if (Computes()) {
      break;
    } else {
      // Results are being stored: a slow disk is no hang.
      poked_or_ended_.Wait(mutex_);
    }
  }
  for (const auto& [job, running] : running_) {
    if (running.hangs_by_now()) {
      spdlog::error("event=attempt_does_not_stop job={} seconds={}",
                    job,
                    static_cast<double>(most.count()) / 1000);
    }
  }
  return Drained();
}

void Scheduler::Loop() {
  while (true) {
    bool drained = false;
    const absl::Status status = Guarded(
        [&] {
          drained = !Look();
          return absl::OkStatus();
        },
        ShortOfMemory);
    if (drained) {
      return;
    }
    if (!status.ok()) {
      // Out of memory: the machine may have some again.
      const MutexLock lock(mutex_);
      Pause(status);
      Sleep(paused_until_);
    }
  }
}

bool Scheduler::Look() {
  const SteadyTime next_flush =
      progress_.Flush(std::chrono::steady_clock::now());
  Work work;
  {
    const MutexLock lock(mutex_);
    if (draining_) {
      thread_runs_ = false;
      PokeLocked();
      return false;
    }
    work = TakeWork(std::chrono::steady_clock::now());
    if (work.expired.empty() && !work.answer.has_value() &&
        !work.pick.has_value()) {
      Sleep(next_flush);
      return true;
    }
  }
  if (!work.expired.empty()) {
    Expire(work.expired);
  }
  if (work.answer.has_value()) {
    Answer(*work.answer);
  }
  if (work.pick.has_value()) {
    StartAttempt(*work.pick);
  }
  return true;
}

// Spurious wakes only make it look once more. Without a time to wake at, an
// hour: the end of time would overflow inside the library.
void Scheduler::Sleep(SteadyTime next_flush) {
  const SteadyTime now = std::chrono::steady_clock::now();
  SteadyTime next = std::min({next_flush,
                              deadlines_.Next(),
                              run_limits_.Next(),
                              now + std::chrono::hours(1)});
  if (paused_until_ > now) {
    next = std::min(next, paused_until_);
  }
  if (!poked_) {
    poked_or_ended_.WaitUntil(mutex_, next);
  }
  poked_ = false;
}

Scheduler::Work Scheduler::TakeWork(SteadyTime now) {
  Work work;
  StopOverdue(now, work);
  if (!work.expired.empty()) {
    ++expiring_;
  } else if (now >= paused_until_) {
    // One of them at a time: what is taken may not be lost for want of memory
    // for the other.
    work.answer = TakeAnswerable();
    if (!work.answer.has_value()) {
      work.pick = TakePick(now);
    }
  }
  return work;
}

std::optional<ReadyJob> Scheduler::TakeAnswerable() {
  const ReadyJob* first = ready_.FirstAnswerable();
  if (first == nullptr || answering_ == kMostAnswers) {
    return std::nullopt;
  }
  std::optional<ReadyJob> job = *first;
  ready_.Remove(job->id);
  ++answering_;
  return job;
}

void Scheduler::Answer(const ReadyJob& job) {
  const auto answer = [&] {
    return results_.Answer(job.id,
                           job.schedule.cache_key,
                           [this, job](const absl::StatusOr<bool>& answered) {
                             OnAnswered(job, answered);
                           });
  };
  if (const absl::Status begun = Guarded(answer, ShortOfMemory); !begun.ok()) {
    OnAnswered(job, begun);
  }
}

void Scheduler::OnAnswered(const ReadyJob& job,
                           const absl::StatusOr<bool>& answered) {
  UntilMemory([&] {
    const MutexLock lock(mutex_);
    // One that has ended meanwhile does no harm: the store will not start it.
    if ((!answered.ok() || !*answered) && !ready_.Has(job.id)) {
      ReadyJob again = job;
      // Without a result that is sound it is run.
      again.schedule.answerable = !answered.ok();
      ready_.Add(std::move(again));
    }
    --answering_;
    if (!answered.ok()) {
      Pause(answered.status());
    }
    PokeLocked();
  });
}

// Once the first deadline is removed nothing here takes memory.
void Scheduler::StopOverdue(SteadyTime now, Work& work) {
  for (const std::string& job : run_limits_.Due(now)) {
    run_limits_.Remove(job);
    if (const auto found = running_.find(job); found != running_.end()) {
      found->second.control->Stop(StopCause::kRunTime);
    }
  }
  std::vector<std::string> due = deadlines_.Due(now);
  work.expired.reserve(due.size());
  for (std::string& job : due) {
    deadlines_.Remove(job);
    if (const auto found = running_.find(job); found != running_.end()) {
      found->second.control->Stop(StopCause::kDeadline);
    } else {
      ready_.Remove(job);
      work.expired.push_back(std::move(job));
    }
  }
}

ReadyJobs::Shares Scheduler::SharesAt(SteadyTime now) const {
  return {share_, options_.most_running, now};
}

bool Scheduler::SuspectRuns() const {
  return std::any_of(running_.begin(), running_.end(), [](const auto& running) {
    return running.second.suspect;
  });
}

std::optional<Scheduler::Pick> Scheduler::TakePick(SteadyTime now) {
  share_.BoundLead(
      ready_.StartableOwners(), kMostLeadSeconds * leases_.cores(), now);
  const ReadyJob* first = ready_.First(SharesAt(now), !SuspectRuns());
  if (first == nullptr || running_.count(first->id) > 0 ||
      storing_ >= leases_.cores()) {
    return std::nullopt;
  }
  const std::optional<Lease> lease =
      leases_.Take(first->schedule.threads, first->schedule.memory_bytes);
  if (!lease.has_value()) {
    return std::nullopt;
  }
  // All or nothing, should there be no memory for a part of it.
  absl::Cleanup return_lease = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    leases_.Return(*lease);
  };
  Pick pick{*first, *lease, std::make_shared<AttemptControl>()};
  const JobSchedule& schedule = pick.job.schedule;
  absl::Cleanup forget = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    running_.erase(pick.job.id);
    run_limits_.Remove(pick.job.id);
  };
  // Known as running before the store knows it: a cancel that comes right after
  // the start finds it.
  running_[pick.job.id] = {
      pick.control, pick.lease, schedule, now, pick.job.suspect()};
  if (schedule.max_run_us != 0) {
    run_limits_.Set(pick.job.id, After(now, schedule.max_run_us));
  }
  share_.Begin(schedule.owner, pick.lease.cores, now);
  absl::Cleanup end_share = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    share_.End(schedule.owner, pick.lease.cores, now, now);
  };
  ready_.Hold(schedule.cache_key);
  std::move(return_lease).Cancel();
  std::move(forget).Cancel();
  std::move(end_share).Cancel();
  ready_.Remove(pick.job.id);
  return pick;
}

void Scheduler::Expire(const std::vector<std::string>& jobs) {
  const auto end_them = [&] {
    writer_.Write(
        [jobs](Connection&, JobTransitions& transitions) -> absl::Status {
          const JobEnd end =
              EndedBy(v1::JobState::FAILED, TimeError(StopCause::kDeadline));
          for (const std::string& job : jobs) {
            MODBOUND_RETURN_IF_ERROR(
                transitions.EndUnstarted(job, end).status());
          }
          return absl::OkStatus();
        },
        [this, jobs](const absl::Status& status) { OnExpired(jobs, status); });
    return absl::OkStatus();
  };
  if (const absl::Status queued = Guarded(end_them, ShortOfMemory);
      !queued.ok()) {
    OnExpired(jobs, queued);
  }
}

void Scheduler::OnExpired(const std::vector<std::string>& jobs,
                          const absl::Status& status) {
  if (!status.ok()) {
    IfMemory([&] {
      spdlog::error("event=deadline_not_stored jobs={} error=\"{}\"",
                    jobs.size(),
                    LogText(status));
    });
  }
  UntilMemory([&] {
    const MutexLock lock(mutex_);
    if (!status.ok()) {
      const SteadyTime retry =
          After(std::chrono::steady_clock::now(), kDeadlineRetryMicros);
      for (const std::string& job : jobs) {
        deadlines_.Set(job, retry);
      }
    }
    --expiring_;
    PokeLocked();
  });
}

void Scheduler::StartAttempt(const Pick& pick) {
  const auto start = [&] {
    AttemptRunner::Order order;
    order.job = pick.job.id;
    order.owner = pick.job.schedule.owner;
    order.threads = pick.lease.cores;
    order.memory_bytes = pick.job.schedule.memory_bytes;
    order.ready = pick.job.ready;
    order.start = std::chrono::steady_clock::now();
    order.control = pick.control;
    order.computes = [this, id = pick.job.id] { OnComputes(id); };
    order.computed = [this, id = pick.job.id] { OnComputed(id); };
    return runner_.Run(order,
                       [this, job = pick.job](const absl::Status& status) {
                         OnEnded(job, status);
                       });
  };
  if (const absl::Status begun = Guarded(start, ShortOfMemory); !begun.ok()) {
    OnEnded(pick.job, begun);
  }
}

void Scheduler::OnComputes(const std::string& job) {
  const MutexLock lock(mutex_);
  running_.find(job)->second.computes = true;
}

// Before the end is stored: jobs that become ready with it find the cores free.
void Scheduler::OnComputed(const std::string& job) {
  const MutexLock lock(mutex_);
  Running& running = running_.find(job)->second;
  GiveBack(running, std::chrono::steady_clock::now());
  running.computed = true;
  ++storing_;
  PokeLocked();
}

void Scheduler::GiveBack(Running& running, SteadyTime now) {
  leases_.Return(running.lease);
  share_.End(running.schedule.owner, running.lease.cores, running.begin, now);
}

void Scheduler::OnEnded(const ReadyJob& job, const absl::Status& status) {
  UntilMemory([&] {
    const MutexLock lock(mutex_);
    TakeEnd(job, status, std::chrono::steady_clock::now());
  });
}

// What needs memory comes first, and may be done again.
void Scheduler::TakeEnd(const ReadyJob& job,
                        const absl::Status& status,
                        SteadyTime now) {
  const auto found = running_.find(job.id);
  Running& running = found->second;
  if (!status.ok()) {
    // One that was put back is there already, as the store has it now. One that
    // has ended meanwhile does no harm: the store will not start it.
    if (!ready_.Has(job.id)) {
      ready_.Add(job);
    }
    if (running.control->cause() == StopCause::kDeadline) {
      deadlines_.Set(job.id, now);
    }
  }
  ready_.Release(job.schedule.cache_key);
  if (running.computed) {
    --storing_;
  } else {
    GiveBack(running, now);
  }
  if (status.ok()) {
    pause_us_ = 0;
    IfMemory([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      run_times_.Add(job.schedule.kind,
                     running.lease.cores * Seconds(running.begin, now));
    });
  } else {
    Pause(status);
  }
  running_.erase(found);
  run_limits_.Remove(job.id);
  PokeLocked();
}

Scheduler::Why Scheduler::Explain(const std::string& job) const {
  // Jobs before it that are counted, and the seconds that each is taken to use
  // of every core it can when nothing is known.
  constexpr int64_t kMostBefore = 20000;
  constexpr double kAssumedSeconds = 60;
  const SteadyTime now = std::chrono::steady_clock::now();
  const MutexLock lock(mutex_);
  Why why;
  const ReadyJob* ready = ready_.Find(job);
  if (ready == nullptr || ready->schedule.answerable) {
    why.cause = v1::Wait::STARTING;
    return why;
  }
  if (ready->shares()) {
    for (const auto& [id, running] : running_) {
      if (running.schedule.cache_key == ready->schedule.cache_key) {
        why.cause = v1::Wait::EQUAL_JOB;
        why.equal_job = id;
        return why;
      }
    }
  }
  const auto before = ready_.Before(
      job,
      SharesAt(now),
      [&](const ReadyJob& one) ABSL_NO_THREAD_SAFETY_ANALYSIS {
        return run_times_.Estimate(one.schedule.kind)
            .value_or(kAssumedSeconds * one.schedule.threads);
      },
      kMostBefore);
  why.position = static_cast<int64_t>(before.size()) + 1;
  why.cause = CauseOf(*ready, why.position, now);
  why.eta_seconds = EtaOf(before, now);
  return why;
}

v1::Wait::Cause Scheduler::CauseOf(const ReadyJob& job,
                                   int64_t position,
                                   SteadyTime now) const {
  if (now < paused_until_) {
    return v1::Wait::MACHINE;
  }
  if (job.suspect() && SuspectRuns()) {
    return v1::Wait::SUSPECT;
  }
  if (options_.most_running > 0 &&
      share_.running(job.schedule.owner) >= options_.most_running) {
    return v1::Wait::OWNER_LIMIT;
  }
  return position == 1 && leases_.has_free_core() ? v1::Wait::MEMORY
                                                  : v1::Wait::CORES;
}

// Core-seconds of those that run and of those before it, over the cores.
double Scheduler::EtaOf(const std::vector<const ReadyJob*>& before,
                        SteadyTime now) const {
  double core_seconds = 0;
  for (const auto& [id, running] : running_) {
    const auto estimate = run_times_.Estimate(running.schedule.kind);
    if (!estimate.has_value()) {
      return -1;
    }
    if (!running.computed) {
      core_seconds += std::max(
          *estimate - running.lease.cores * Seconds(running.begin, now), 0.0);
    }
  }
  for (const ReadyJob* job : before) {
    const auto estimate = run_times_.Estimate(job->schedule.kind);
    if (!estimate.has_value()) {
      return -1;
    }
    core_seconds += *estimate;
  }
  return core_seconds / leases_.cores();
}

void Scheduler::Pause(const absl::Status& status) {
  const SteadyTime now = std::chrono::steady_clock::now();
  if (now < paused_until_) {
    return;
  }
  const auto shortest_us = static_cast<int64_t>(options_.shortage_pause * 1e6);
  pause_us_ =
      std::clamp(2 * pause_us_, shortest_us, kMostPauseGrowth * shortest_us);
  paused_until_ = After(now, pause_us_);
  IfMemory([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    spdlog::warn("event=starts_paused seconds={} error=\"{}\"",
                 static_cast<double>(pause_us_) / 1e6,
                 LogText(status));
  });
}

}  // namespace modbound
