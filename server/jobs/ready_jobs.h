#ifndef MODBOUND_SERVER_JOBS_READY_JOBS_H_
#define MODBOUND_SERVER_JOBS_READY_JOBS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/jobs/fair_share.h"
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
  // May be answered with the result of an equal job.
  bool shares() const {
    return !schedule.no_cache && !schedule.cache_key.empty();
  }
};

// A minute's wait is worth a step of priority.
inline constexpr double kSecondsPerPriority = 60;

// The QUEUED jobs in the order in which they start: of the owner who has used
// least (FairShare), then higher priority, which grows while a job waits
// (kSecondsPerPriority), then earlier submitted; of one priority always the
// earlier submitted. This is the only place that knows the order. Jobs whose
// result is there already (schedule.answerable) stand apart, they need no core;
// those that share the key of a running one wait for its result. Not safe from
// two threads. A call that ends for want of memory may be made again; Remove
// needs none.
class ReadyJobs {
 public:
  void Add(ReadyJob job);
  void Remove(const std::string& id);
  bool Has(const std::string& id) const { return jobs_.count(id) > 0; }
  // Null when it is not there. Valid until the next change.
  const ReadyJob* Find(const std::string& id) const;
  // Who may start, and how much each has used.
  struct Shares {
    const FairShare& used;
    // Attempts of one owner at a time, 0 = no limit.
    int most_running = 0;
    SteadyTime now;
  };
  // The job to start next; null when there is none. Valid until the next
  // change. Without `suspects` those are passed over.
  const ReadyJob* First(const Shares& shares, bool suspects = true) const;
  // Owners who have a job that waits for cores.
  std::vector<std::string> StartableOwners() const;
  // The jobs that would start before `id` if nothing more came, in their order,
  // each taking so many core-seconds; at most `most`. Nothing for a job that
  // does not wait for cores.
  std::vector<const ReadyJob*> Before(
      const std::string& id,
      const Shares& shares,
      const std::function<double(const ReadyJob&)>& core_seconds,
      int64_t most) const;
  // The first one that only needs a result that is there; null when there is
  // none. Valid until the next change.
  const ReadyJob* FirstAnswerable() const;

  // A job with this key started: equal ones wait. "" = it has none.
  void Hold(const std::string& key);
  // One that held the key ended.
  void Release(const std::string& key);
  // A job with this key SUCCEEDED.
  void SetAnswerable(const std::string& key);

 private:
  // Smaller starts sooner.
  using Rank = std::pair<int, int64_t>;
  // Jobs that share a key, and how many with it run.
  struct Equal {
    std::set<std::string> waiting;
    int running = 0;
  };
  using Ordered = std::map<Rank, const ReadyJob*>;
  // The jobs of one owner, as they start at `now`.
  class Line;
  static Rank RankOf(const ReadyJob& job);
  using Equals = std::map<std::string, Equal>;
  // Puts a job of jobs_ where it belongs now.
  void Place(const ReadyJob& job);
  void AddStartable(const ReadyJob& job);
  void RemoveStartable(const ReadyJob& job);
  void PlaceEqual(const std::string& key);
  void ForgetUnused(Equals::iterator equal);

  std::map<std::string, ReadyJob> jobs_;
  // By owner; none is empty.
  std::map<std::string, Ordered> startable_;
  Ordered answerable_;
  Equals equal_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_READY_JOBS_H_
