#ifndef MODBOUND_CORE_TASKS_PERIOD_H_
#define MODBOUND_CORE_TASKS_PERIOD_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace modbound {

// Parts of trials; each task has some of them.
enum class Period {
  kFixation,
  kStimulus,
  kDelay,
  kDecision,
  kSample,
  kTest,
  kStimulus1,
  kStimulus2,
  kDelay1,
  kDelay2,
  kCue1,
  kCue2,
  kTest1,
  kTest2,
  kReady,
  kMeasure,
  kSet,
  kProduction,  // its length follows from that of kMeasure
};
inline constexpr std::size_t kPeriods = 18;

// "stimulus1".
inline const char* PeriodName(Period period) {
  constexpr std::array<const char*, kPeriods> kNames = {"fixation",
                                                        "stimulus",
                                                        "delay",
                                                        "decision",
                                                        "sample",
                                                        "test",
                                                        "stimulus1",
                                                        "stimulus2",
                                                        "delay1",
                                                        "delay2",
                                                        "cue1",
                                                        "cue2",
                                                        "test1",
                                                        "test2",
                                                        "ready",
                                                        "measure",
                                                        "set",
                                                        "production"};
  return kNames[static_cast<std::size_t>(period)];
}

// Where a period of one trial lies.
struct PeriodSpan {
  int64_t begin = 0;  // steps
  int64_t steps = 0;  // floor(length / dt)
  double length_ms = 0;

  int64_t end() const { return begin + steps; }
};

// All periods of one trial; what the task does not have has 0 steps.
class PeriodSteps {
 public:
  PeriodSpan& operator[](Period period) {
    return spans_[static_cast<std::size_t>(period)];
  }
  const PeriodSpan& operator[](Period period) const {
    return spans_[static_cast<std::size_t>(period)];
  }

  // T.
  int64_t total = 0;

 private:
  std::array<PeriodSpan, kPeriods> spans_;
};

}  // namespace modbound

#endif  // MODBOUND_CORE_TASKS_PERIOD_H_
