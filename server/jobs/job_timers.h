#ifndef MODBOUND_SERVER_JOBS_JOB_TIMERS_H_
#define MODBOUND_SERVER_JOBS_JOB_TIMERS_H_

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/jobs/job_time.h"

namespace modbound {

// At most one timer a job. Not safe from two threads. Remove needs no memory; a
// Set that finds none leaves the job without a timer.
class JobTimers {
 public:
  // Replaces an earlier one.
  void Set(const std::string& job, SteadyTime time);
  void Remove(const std::string& job);
  bool Has(const std::string& job) const { return places_.count(job) > 0; }
  // The jobs whose time has come, earliest first.
  std::vector<std::string> Due(SteadyTime now) const;
  // The earliest; the end of time when there is none.
  SteadyTime Next() const;

 private:
  using Order = std::set<std::pair<SteadyTime, std::string>>;
  Order order_;
  std::map<std::string, Order::iterator> places_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_JOB_TIMERS_H_
