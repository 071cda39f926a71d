#ifndef MODBOUND_CORE_NETWORK_INTERVENED_RUN_H_
#define MODBOUND_CORE_NETWORK_INTERVENED_RUN_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/base/random.h"
#include "core/modules/activity_moments.h"
#include "core/network/intervention.h"
#include "core/network/network.h"

namespace modbound {

// Units held at a level while a block of trials runs, made by
// IntervenedRun::HoldsOf.
class HeldBlock {
 public:
  // Units of a Silence with their levels.
  struct Held {
    std::vector<int64_t> units;
    StepRange steps;
    Vector mean;  // a number a unit
    Vector sd;    // the same; 0 x 1 = no noise
  };

  // Holds nothing.
  HeldBlock() = default;

  // Sets the held units in rows 0 ... of `states`, a row a trial: those held at
  // step 0 before the first step, those held at step t after it.
  void BeforeFirstStep(Matrix& states);
  void AfterStep(int64_t t, Matrix& states);

 private:
  friend class IntervenedRun;
  HeldBlock(const std::vector<Held>& held,
            uint64_t seed,
            int64_t units,
            int64_t first,
            int64_t count);

  void Hold(const Held& held, Matrix& states);

  const std::vector<Held>* held_ = nullptr;
  int64_t count_ = 0;
  // Of each unit with noise, one a trial.
  std::map<int64_t, std::vector<RandomStream>> noise_;
};

// A network under an intervention, as runs of it need it. Threads: safe from
// all once made.
class IntervenedRun {
 public:
  // The activity of the same run without intervention; asked only where a level
  // is made of it.
  using IntactRun = std::function<absl::StatusOr<ActivityMoments>()>;

  // network: must outlive it. steps: of the longest trial. Errors: those of
  // Intervention::Validate, ChangeWeights and `intact`.
  static absl::StatusOr<IntervenedRun> Prepare(const Network& network,
                                               const Intervention& intervention,
                                               int64_t steps,
                                               const IntactRun& intact);

  // With the changed weights; the one given when nothing changes them.
  const Network& network() const {
    return changed_.has_value() ? *changed_ : *given_;
  }

  // Sets what is clamped in the inputs of `trials` trials, of which step t has
  // the rows t stride ... t stride + trials - 1. Ends early when stopped.
  void Clamp(int64_t stride,
             int64_t trials,
             const Execution& execution,
             Matrix& inputs) const;

  // For a block of trials first ... first + count - 1; must not outlive this.
  // Random: noise of unit i in trial k from (seed, kSilencedNoise, k N + i),
  // the same whatever other units, trials and threads there are.
  HeldBlock HoldsOf(int64_t first, int64_t count) const;

  // Estimate of what one holds for a network of so many bytes with `threads`
  // blocks at work, beside that network.
  static double Bytes(const Intervention& intervention,
                      double network_bytes,
                      int threads);

 private:
  IntervenedRun() = default;

  const Network* given_ = nullptr;
  std::optional<Network> changed_;
  std::vector<InputClamp> clamps_;
  std::vector<HeldBlock::Held> held_;
  uint64_t seed_ = 0;
};

}  // namespace modbound

#endif  // MODBOUND_CORE_NETWORK_INTERVENED_RUN_H_
