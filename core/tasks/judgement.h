#ifndef MODBOUND_CORE_TASKS_JUDGEMENT_H_
#define MODBOUND_CORE_TASKS_JUDGEMENT_H_

#include <cstdint>
#include <vector>

namespace modbound {

// How a trial is judged: by the choices at some of its steps, the last step
// among them.
struct Judgement {
  std::vector<int64_t> steps;  // J >= 1, rising
  // J: the right choices; all must be met. Empty when `response` decides.
  std::vector<int32_t> targets;
  // Without targets: the first choice of `response` must be at one of the
  // judged steps number earliest ... latest.
  int32_t response = 0;
  int64_t earliest = 0;
  int64_t latest = 0;

  // By one choice at one step.
  static Judgement AtStep(int64_t step, int32_t target) {
    return {.steps = {step}, .targets = {target}};
  }

  // choices: J, at the judged steps.
  bool IsRight(const int32_t* choices) const;
};

}  // namespace modbound

#endif  // MODBOUND_CORE_TASKS_JUDGEMENT_H_
