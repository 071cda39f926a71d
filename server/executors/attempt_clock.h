#ifndef MODBOUND_SERVER_EXECUTORS_ATTEMPT_CLOCK_H_
#define MODBOUND_SERVER_EXECUTORS_ATTEMPT_CLOCK_H_

#include <chrono>

namespace modbound {

// Times of an attempt, for its provenance only. Made and asked on the thread
// that runs it.
class AttemptClock {
 public:
  AttemptClock();
  // Seconds since the last call, or since it was made.
  double LapSeconds();
  // CPU seconds since it was made. With one thread: of this thread, exact. With
  // more: what the whole process used, at most wall time times threads; exact
  // in a worker, an upper bound beside other attempts.
  double CpuSeconds(int threads) const;

 private:
  const std::chrono::steady_clock::time_point start_;
  const double thread_start_;
  const double process_start_;
  std::chrono::steady_clock::time_point lap_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_EXECUTORS_ATTEMPT_CLOCK_H_
