#include "server/executors/attempt_clock.h"

#include <time.h>

#include <algorithm>

namespace modbound {
namespace {

double Seconds(clockid_t clock) {
  struct timespec now {};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) +
         1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

AttemptClock::AttemptClock()
    : start_(std::chrono::steady_clock::now()),
      thread_start_(Seconds(CLOCK_THREAD_CPUTIME_ID)),
      process_start_(Seconds(CLOCK_PROCESS_CPUTIME_ID)),
      lap_(start_) {}

double AttemptClock::LapSeconds() {
  const auto now = std::chrono::steady_clock::now();
  const std::chrono::duration<double> lap = now - lap_;
  lap_ = now;
  return lap.count();
}

double AttemptClock::CpuSeconds(int threads) const {
  if (threads <= 1) {
    return Seconds(CLOCK_THREAD_CPUTIME_ID) - thread_start_;
  }
  const std::chrono::duration<double> wall =
      std::chrono::steady_clock::now() - start_;
  return std::min(Seconds(CLOCK_PROCESS_CPUTIME_ID) - process_start_,
                  wall.count() * threads);
}

}  // namespace modbound
