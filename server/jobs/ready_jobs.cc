#include "server/jobs/ready_jobs.h"

#include <algorithm>

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

const ReadyJob* ReadyJobs::First(const Shares& shares, bool suspects) const {
  const ReadyJob* first = nullptr;
  std::pair<double, Rank> best;
  for (const auto& [owner, jobs] : startable_) {
    if (shares.most_running > 0 &&
        shares.used.running(owner) >= shares.most_running) {
      continue;
    }
    const auto next =
        std::find_if(jobs.begin(), jobs.end(), [&](const auto& entry) {
          return suspects || !entry.second->suspect();
        });
    if (next == jobs.end()) {
      continue;
    }
    const std::pair<double, Rank> rank(shares.used.Usage(owner, shares.now),
                                       next->first);
    if (first == nullptr || rank < best) {
      first = next->second;
      best = rank;
    }
  }
  return first;
}

std::vector<const ReadyJob*> ReadyJobs::Before(const std::string& id,
                                               const Shares& shares,
                                               double seconds,
                                               int64_t most) const {
  std::vector<const ReadyJob*> before;
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) {
    return before;
  }
  // Where each owner is: what it would have used by then, its next job.
  struct Turn {
    Ordered::const_iterator next;
    Ordered::const_iterator end;
  };
  std::set<std::pair<std::pair<double, Rank>, std::string>> turns;
  std::map<std::string, Turn> owners;
  for (const auto& [owner, jobs] : startable_) {
    owners[owner] = {jobs.begin(), jobs.end()};
    turns.insert(
        {{shares.used.Usage(owner, shares.now), jobs.begin()->first}, owner});
  }
  while (!turns.empty() && static_cast<int64_t>(before.size()) < most) {
    const auto [rank, owner] = *turns.begin();
    turns.erase(turns.begin());
    Turn& turn = owners[owner];
    const ReadyJob* job = turn.next->second;
    if (job->id == id) {
      break;
    }
    before.push_back(job);
    if (++turn.next != turn.end) {
      turns.insert(
          {{rank.first + seconds * job->schedule.threads, turn.next->first},
           owner});
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
