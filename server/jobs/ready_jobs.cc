#include "server/jobs/ready_jobs.h"

namespace modbound {

ReadyJobs::Rank ReadyJobs::RankOf(const ReadyJob& job) {
  return {-job.schedule.priority, job.schedule.number};
}

void ReadyJobs::Add(ReadyJob job) {
  Remove(job.id);
  const Rank rank = RankOf(job);
  ranks_[job.id] = rank;
  jobs_[rank] = std::move(job);
}

void ReadyJobs::Remove(const std::string& id) {
  if (const auto rank = ranks_.find(id); rank != ranks_.end()) {
    jobs_.erase(rank->second);
    ranks_.erase(rank);
  }
}

const ReadyJob* ReadyJobs::First(bool suspects) const {
  for (const auto& [rank, job] : jobs_) {
    if (suspects || !job.suspect()) {
      return &job;
    }
  }
  return nullptr;
}

}  // namespace modbound
