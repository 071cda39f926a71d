#ifndef MODBOUND_SERVER_JOBS_RUN_TIMES_H_
#define MODBOUND_SERVER_JOBS_RUN_TIMES_H_

#include <map>
#include <optional>
#include <string>

namespace modbound {

// How many core-seconds attempts of each kind took lately, for estimates that
// people read. Not safe from two threads.
class RunTimes {
 public:
  void Add(const std::string& kind, double core_seconds);
  // Of this kind, else of any; nothing before the first attempt.
  std::optional<double> Estimate(const std::string& kind) const;

 private:
  // Means in which the newest attempt weighs a fifth.
  std::map<std::string, double> means_;  // "" = all kinds
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_RUN_TIMES_H_
