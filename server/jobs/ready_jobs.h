#ifndef MODBOUND_SERVER_JOBS_READY_JOBS_H_
#define MODBOUND_SERVER_JOBS_READY_JOBS_H_

#include <map>
#include <string>
#include <utility>

#include "server/jobs/job_rows.h"
#include "server/jobs/job_time.h"

namespace modbound {

// A job that lost so many attempts may be what brings the server to its end.
inline constexpr int kSuspectAttempts = 3;

// A job that waits for cores.
struct ReadyJob {
  std::string id;
  JobSchedule schedule;
  SteadyTime ready;  // since when

  bool suspect() const { return schedule.lost >= kSuspectAttempts; }
};

// The QUEUED jobs in the order in which they start: higher priority first, then
// earlier submitted. This is the only place that knows the order. Not safe from
// two threads.
class ReadyJobs {
 public:
  void Add(ReadyJob job);
  void Remove(const std::string& id);
  bool Has(const std::string& id) const { return ranks_.count(id) > 0; }
  // The job to start next; null when there is none. Valid until the next
  // change. Without `suspects` those are passed over.
  const ReadyJob* First(bool suspects = true) const;

 private:
  // Smaller starts sooner.
  using Rank = std::pair<int, int64_t>;
  static Rank RankOf(const ReadyJob& job);

  std::map<Rank, ReadyJob> jobs_;
  std::map<std::string, Rank> ranks_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_READY_JOBS_H_
