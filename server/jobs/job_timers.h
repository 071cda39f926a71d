#ifndef MODBOUND_SERVER_JOBS_JOB_TIMERS_H_
#define MODBOUND_SERVER_JOBS_JOB_TIMERS_H_

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/jobs/job_time.h"

namespace modbound {

// At most one timer a job. Not safe from two threads.
class JobTimers {
 public:
  // Replaces an earlier one.
  void Set(const std::string& job, SteadyTime time);
  void Remove(const std::string& job);
  bool Has(const std::string& job) const { return times_.count(job) > 0; }
  // Removes and returns the jobs whose time has come.
  std::vector<std::string> TakeDue(SteadyTime now);
  // The earliest; the end of time when there is none.
  SteadyTime Next() const;

 private:
  std::map<std::string, SteadyTime> times_;
  std::set<std::pair<SteadyTime, std::string>> order_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_JOB_TIMERS_H_
