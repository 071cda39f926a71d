#ifndef MODBOUND_CORE_TRAINING_STEP_CLOCK_H_
#define MODBOUND_CORE_TRAINING_STEP_CLOCK_H_

#include <functional>

namespace modbound {

// Time spent in a step loop alone. seconds: reads a clock; may be empty; must
// outlive it.
class StepClock {
 public:
  explicit StepClock(const std::function<double()>& seconds)
      : seconds_(seconds) {}
  void Start() { start_ = Now(); }
  void Pause() { total_ += Now() - start_; }
  // Adds what an earlier attempt took.
  void Add(double seconds) { total_ += seconds; }
  double total() const { return total_; }

 private:
  double Now() const { return seconds_ ? seconds_() : 0; }

  const std::function<double()>& seconds_;
  double start_ = 0;
  double total_ = 0;
};

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_STEP_CLOCK_H_
