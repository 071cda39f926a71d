#ifndef MODBOUND_SERVER_JOBS_FAIR_SHARE_H_
#define MODBOUND_SERVER_JOBS_FAIR_SHARE_H_

#include <map>
#include <string>
#include <vector>

#include "server/jobs/job_time.h"

namespace modbound {

// Core-seconds that each owner has used, half as much after every half-life:
// who used least lately starts next. Cores of running attempts count as they
// run, each from its start on as one second at least, so that those who start
// together take turns. Not safe from two threads.
class FairShare {
 public:
  // half_life > 0, seconds.
  explicit FairShare(double half_life) : half_life_(half_life) {}

  // Usage from before, as it is at `now`.
  void Load(const std::string& owner, double core_seconds, SteadyTime now);
  // An attempt begins, or ends, with so many cores.
  void Begin(const std::string& owner, int cores, SteadyTime now);
  void End(const std::string& owner,
           int cores,
           SteadyTime begin,
           SteadyTime now);

  // Whoever of these is more than `most` core-seconds behind the one who has
  // used most counts as having used the rest: however much somebody used
  // before, the others' lead over him is bounded, and so his wait. Known here
  // alone: what is stored, and loaded at the next start, is what was used.
  void BoundLead(const std::vector<std::string>& owners,
                 double most,
                 SteadyTime now);

  double Usage(const std::string& owner, SteadyTime now) const;
  // Attempts of the owner that run.
  int running(const std::string& owner) const;

  // What is left of core-seconds after `seconds`.
  static double Decayed(double core_seconds, double seconds, double half_life);

 private:
  struct Owner {
    double used = 0;  // as of `at`
    SteadyTime at;
    int attempts = 0;
    int cores = 0;
    // Sum over running attempts of cores times their begin, seconds since
    // epoch_.
    double begins = 0;
  };
  double SinceEpoch(SteadyTime now) const { return Seconds(epoch_, now); }
  double UsedAt(const Owner& owner, SteadyTime now) const;

  const double half_life_;
  const SteadyTime epoch_ = std::chrono::steady_clock::now();
  std::map<std::string, Owner> owners_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_FAIR_SHARE_H_
