#include "server/jobs/ready_jobs.h"

#include <algorithm>
#include <limits>

#include "absl/cleanup/cleanup.h"

namespace modbound {

ReadyJobs::Rank ReadyJobs::RankOf(const ReadyJob& job) {
  return {-job.schedule.priority, job.schedule.number};
}

void ReadyJobs::Add(ReadyJob job) {
  Remove(job.id);
  const std::string id = job.id;
  absl::Cleanup remove = [&] { Remove(id); };
  const ReadyJob& added = jobs_[id] = std::move(job);
  if (added.shares()) {
    equal_[added.schedule.cache_key].waiting.insert(id);
  }
  Place(added);
  std::move(remove).Cancel();
}

void ReadyJobs::Remove(const std::string& id) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) {
    return;
  }
  const ReadyJob& job = found->second;
  RemoveStartable(job);
  answerable_.erase(RankOf(job));
  if (const auto equal = equal_.find(job.schedule.cache_key);
      equal != equal_.end()) {
    equal->second.waiting.erase(id);
    ForgetUnused(equal);
  }
  jobs_.erase(found);
}

// Of each priority the earliest is the next; of these, the one whose priority
// with its wait is highest.
class ReadyJobs::Line {
 public:
  Line(const Ordered& jobs, SteadyTime now, bool suspects)
      : now_(now), suspects_(suspects) {
    for (auto begin = jobs.begin(); begin != jobs.end();) {
      const auto end = jobs.upper_bound(
          {begin->first.first, std::numeric_limits<int64_t>::max()});
      Class one{begin, end};
      Skip(one);
      if (one.next != one.end) {
        classes_.push_back(one);
      }
      begin = end;
    }
    Choose();
  }

  // Null at the end.
  const ReadyJob* job() const {
    return best_ == classes_.size() ? nullptr : classes_[best_].next->second;
  }
  // What orders jobs of owners who used the same: smaller starts sooner.
  std::pair<double, int64_t> rank() const {
    return {-UrgencyOf(*job()), job()->schedule.number};
  }
  void Advance() {
    Class& one = classes_[best_];
    ++one.next;
    Skip(one);
    if (one.next == one.end) {
      classes_.erase(classes_.begin() + static_cast<std::ptrdiff_t>(best_));
    }
    Choose();
  }

 private:
  struct Class {
    Ordered::const_iterator next;
    Ordered::const_iterator end;
  };

  double UrgencyOf(const ReadyJob& job) const {
    return job.schedule.priority +
           Seconds(job.ready, now_) / kSecondsPerPriority;
  }
  void Skip(Class& one) const {
    while (!suspects_ && one.next != one.end && one.next->second->suspect()) {
      ++one.next;
    }
  }
  // Classes come from the highest priority down: of equals the first stays.
  void Choose() {
    best_ = 0;
    for (std::size_t i = 1; i < classes_.size(); ++i) {
      if (UrgencyOf(*classes_[i].next->second) >
          UrgencyOf(*classes_[best_].next->second)) {
        best_ = i;
      }
    }
  }

  SteadyTime now_;
  bool suspects_;
  std::vector<Class> classes_;
  std::size_t best_ = 0;
};

const ReadyJob* ReadyJobs::First(const Shares& shares, bool suspects) const {
  const ReadyJob* first = nullptr;
  std::pair<double, std::pair<double, int64_t>> best;
  for (const auto& [owner, jobs] : startable_) {
    if (shares.most_running > 0 &&
        shares.used.running(owner) >= shares.most_running) {
      continue;
    }
    const double used = shares.used.Usage(owner, shares.now);
    if (first != nullptr && used > best.first) {
      continue;
    }
    const Line line(jobs, shares.now, suspects);
    if (line.job() == nullptr) {
      continue;
    }
    const std::pair rank(used, line.rank());
    if (first == nullptr || rank < best) {
      first = line.job();
      best = rank;
    }
  }
  return first;
}

std::vector<std::string> ReadyJobs::StartableOwners() const {
  std::vector<std::string> owners;
  owners.reserve(startable_.size());
  for (const auto& [owner, jobs] : startable_) {
    owners.push_back(owner);
  }
  return owners;
}

std::vector<const ReadyJob*> ReadyJobs::Before(
    const std::string& id,
    const Shares& shares,
    const std::function<double(const ReadyJob&)>& core_seconds,
    int64_t most) const {
  std::vector<const ReadyJob*> before;
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) {
    return before;
  }
  // What each owner would have used by then, and its jobs.
  struct Turn {
    double used;
    Line line;
    auto Rank() const { return std::pair(used, line.rank()); }
  };
  std::vector<Turn> turns;
  turns.reserve(startable_.size());
  for (const auto& [owner, jobs] : startable_) {
    turns.push_back(
        {shares.used.Usage(owner, shares.now), Line(jobs, shares.now, true)});
  }
  while (!turns.empty() && static_cast<int64_t>(before.size()) < most) {
    const auto turn = std::min_element(
        turns.begin(), turns.end(), [](const Turn& a, const Turn& b) {
          return a.Rank() < b.Rank();
        });
    const ReadyJob* job = turn->line.job();
    if (job->id == id) {
      break;
    }
    before.push_back(job);
    turn->used += core_seconds(*job);
    turn->line.Advance();
    if (turn->line.job() == nullptr) {
      std::swap(*turn, turns.back());
      turns.pop_back();
    }
  }
  return before;
}

const ReadyJob* ReadyJobs::Find(const std::string& id) const {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : &found->second;
}

const ReadyJob* ReadyJobs::FirstAnswerable() const {
  return answerable_.empty() ? nullptr : answerable_.begin()->second;
}

void ReadyJobs::Hold(const std::string& key) {
  if (key.empty()) {
    return;
  }
  int& running = equal_[key].running;
  ++running;
  absl::Cleanup take_back = [&] { --running; };
  PlaceEqual(key);
  std::move(take_back).Cancel();
}

void ReadyJobs::Release(const std::string& key) {
  if (key.empty()) {
    return;
  }
  const auto equal = equal_.find(key);
  --equal->second.running;
  absl::Cleanup take_back = [&] { ++equal->second.running; };
  PlaceEqual(key);
  std::move(take_back).Cancel();
  ForgetUnused(equal);
}

void ReadyJobs::SetAnswerable(const std::string& key) {
  if (const auto equal = equal_.find(key); equal != equal_.end()) {
    for (const std::string& id : equal->second.waiting) {
      jobs_[id].schedule.answerable = true;
    }
    PlaceEqual(key);
  }
}

// First where it belongs, then away from where it was: what ends for want of
// memory leaves it in one of the two.
void ReadyJobs::Place(const ReadyJob& job) {
  const Rank rank = RankOf(job);
  if (job.shares() && job.schedule.answerable) {
    answerable_[rank] = &job;
    RemoveStartable(job);
    return;
  }
  if (!job.shares() || equal_[job.schedule.cache_key].running == 0) {
    AddStartable(job);
  } else {
    RemoveStartable(job);
  }
  answerable_.erase(rank);
}

void ReadyJobs::AddStartable(const ReadyJob& job) {
  const auto owner = startable_.try_emplace(job.schedule.owner).first;
  const absl::Cleanup forget_empty = [&] {
    if (owner->second.empty()) {
      startable_.erase(owner);
    }
  };
  owner->second[RankOf(job)] = &job;
}

void ReadyJobs::RemoveStartable(const ReadyJob& job) {
  if (const auto owner = startable_.find(job.schedule.owner);
      owner != startable_.end()) {
    owner->second.erase(RankOf(job));
    if (owner->second.empty()) {
      startable_.erase(owner);
    }
  }
}

void ReadyJobs::PlaceEqual(const std::string& key) {
  for (const std::string& id : equal_[key].waiting) {
    Place(jobs_[id]);
  }
}

void ReadyJobs::ForgetUnused(Equals::iterator equal) {
  if (equal->second.waiting.empty() && equal->second.running == 0) {
    equal_.erase(equal);
  }
}

}  // namespace modbound
