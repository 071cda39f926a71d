#include "server/jobs/job_timers.h"

namespace modbound {

void JobTimers::Set(const std::string& job, SteadyTime time) {
  Remove(job);
  const auto place = order_.insert({time, job}).first;
  try {
    times_[job] = time;
  } catch (...) {
    order_.erase(place);
    throw;
  }
}

void JobTimers::Remove(const std::string& job) {
  if (const auto found = times_.find(job); found != times_.end()) {
    order_.erase({found->second, job});
    times_.erase(found);
  }
}

std::vector<std::string> JobTimers::TakeDue(SteadyTime now) {
  std::vector<std::string> due;
  while (!order_.empty() && order_.begin()->first <= now) {
    due.push_back(order_.begin()->second);
    Remove(due.back());
  }
  return due;
}

SteadyTime JobTimers::Next() const {
  return order_.empty() ? SteadyTime::max() : order_.begin()->first;
}

}  // namespace modbound
