#ifndef MODBOUND_SERVER_AUTH_RATE_LIMIT_H_
#define MODBOUND_SERVER_AUTH_RATE_LIMIT_H_

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

#include "core/base/mutex.h"

namespace modbound {

// A token bucket for each name: at most `burst` at once, and `per_second` in
// the long run. Memory is bounded: names whose bucket is full again are
// forgotten. Threads: safe from any.
class RateLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // per_second > 0, burst >= 1.
  RateLimit(double per_second, double burst)
      : per_second_(per_second), burst_(burst) {}

  // Takes one of `name`; false when there is none left.
  bool Take(const std::string& name, Time now);
  double per_second() const { return per_second_; }
  std::size_t num_names() const;

 private:
  struct Bucket {
    double left = 0;
    Time since;
  };
  double LeftAt(const Bucket& bucket, Time now) const;
  void ForgetFull(Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const double per_second_;
  const double burst_;
  mutable Mutex mutex_;
  std::map<std::string, Bucket> buckets_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_AUTH_RATE_LIMIT_H_
