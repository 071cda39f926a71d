#ifndef MODBOUND_CORE_NETWORK_INTERVENTION_H_
#define MODBOUND_CORE_NETWORK_INTERVENTION_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "core/network/lesion.h"
#include "core/network/network.h"

// What can be done to a network while it runs. The names of the fields in
// errors are those of the contract: "clamp", "lesion", "silence",
// "weight_edits".
namespace modbound {

// Steps [from, to) of each trial.
struct StepRange {
  int64_t from = 0;           // >= 0, below the steps of the longest trial
  std::optional<int64_t> to;  // above `from`; none = to the end

  bool Holds(int64_t step) const {
    return step >= from && (!to.has_value() || step < *to);
  }
};

// The input of one channel is `value` during the steps.
struct InputClamp {
  int64_t channel = 0;
  double value = 0;  // finite
  StepRange steps;
};

// In the order of kNetworkArrayNames.
enum class WeightArray { kWIn, kBIn, kWRec, kBRec, kWOut, kBOut };
enum class EditOperation { kSet, kAdd, kScale };

// One element of an array becomes value, itself + value, or itself * value.
struct WeightEdit {
  WeightArray array = WeightArray::kWRec;
  int64_t row = 0;                // target; the element of a bias
  std::optional<int64_t> column;  // source; none for a bias
  EditOperation operation = EditOperation::kSet;
  double value = 0;  // finite
};

struct UnitLesion {
  std::vector<int64_t> units;  // none = no lesion
  LesionScope scope = LesionScope::kAll;
};

// What silenced units are held at. kMean and kNoise are of the unit's own
// activity, over all steps and trials of the same run without any intervention:
// its mean m, or N(m, sd^2) drawn anew for each trial and step.
enum class SilenceLevel { kZero, kMean, kNoise };

// The state after each of the steps is the level, whatever drives the unit;
// from step 0 on also the initial state.
struct Silence {
  std::vector<int64_t> units;  // at least one, none twice
  SilenceLevel level = SilenceLevel::kZero;
  StepRange steps;
};

// Extents that an intervention must stay within; -1 = not known yet.
struct InterventionBounds {
  int64_t units = -1;
  int64_t inputs = -1;
  int64_t outputs = -1;
  int64_t steps = -1;  // of the longest trial
};

// All of them. Of two clamps or silences of one channel or unit at one step the
// later in its list holds. Weights are edited in the order of the list, then
// lesioned.
struct Intervention {
  std::vector<InputClamp> clamps;
  std::vector<WeightEdit> weight_edits;
  UnitLesion lesion;
  std::vector<Silence> silences;
  uint64_t seed = 0;  // of kNoise

  bool changes_weights() const {
    return !weight_edits.empty() || !lesion.units.empty();
  }
  // Whether the run without intervention must come first.
  bool needs_intact_run() const;
  // Errors: OUT_OF_RANGE for "clamp[i].channel", "lesion.units[i]",
  // "silence[i].units[j]", "weight_edits[i].row" ..., also for "...from" and
  // "...to"; MISSING_FIELD for "silence[i].units" or "weight_edits[i].column";
  // CONTRADICTION for a column of a bias or a unit named twice; NOT_FINITE for
  // "...value".
  absl::Status Validate(const InterventionBounds& bounds) const;
};

// Edits the weights of a network that fits. Errors: NOT_FINITE for
// "weight_edits[i].value" when the element would not be.
absl::Status ChangeWeights(const Intervention& intervention, Network& network);

}  // namespace modbound

#endif  // MODBOUND_CORE_NETWORK_INTERVENTION_H_
