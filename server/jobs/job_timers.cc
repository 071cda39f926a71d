#include "server/jobs/job_timers.h"

namespace modbound {

void JobTimers::Set(const std::string& job, SteadyTime time) {
  Remove(job);
  const auto place = order_.insert({time, job}).first;
  try {
    places_[job] = place;
  } catch (...) {
    order_.erase(place);
    throw;
  }
}

void JobTimers::Remove(const std::string& job) {
  if (const auto found = places_.find(job); found != places_.end()) {
    const auto place = found->second;
    places_.erase(found);
    order_.erase(place);
  }
}

std::vector<std::string> JobTimers::Due(SteadyTime now) const {
  std::vector<std::string> due;
  for (const auto& [time, job] : order_) {
    if (time > now) {
      break;
    }
    due.push_back(job);
  }
  return due;
}

SteadyTime JobTimers::Next() const {
  return order_.empty() ? SteadyTime::max() : order_.begin()->first;
}

}  // namespace modbound
