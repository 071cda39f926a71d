#ifndef MODBOUND_SERVER_JOBS_READY_JOBS_H_
#define MODBOUND_SERVER_JOBS_READY_JOBS_H_

#include <map>
#include <string>
#include <utility>

#include "server/jobs/job_rows.h"
#include "server/jobs/job_time.h"

namespace modbound {

// A job that waits for cores.
struct ReadyJob {
  std::string id;
  JobSchedule schedule;
  SteadyTime ready;  // since when
};

// The QUEUED jobs in the order in which they start: higher priority first, then
// earlier submitted. This is the only place that knows the order. Not safe from
// two threads.
class ReadyJobs {
 public:
  void Add(ReadyJob job);
  void Remove(const std::string& id);
  // The job to start next; null when there is none. Valid until the next
  // change.
  const ReadyJob* First() const;

 private:
  // Smaller starts sooner.
  using Rank = std::pair<int, int64_t>;
  static Rank RankOf(const ReadyJob& job);

  std::map<Rank, ReadyJob> jobs_;
  std::map<std::string, Rank> ranks_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_READY_JOBS_H_
