#ifndef MODBOUND_CORE_MODULES_MULTILAYER_H_
#define MODBOUND_CORE_MODULES_MULTILAYER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/modules/quality.h"

namespace modbound {

// Layers in which a unit is coupled with itself.
enum class LayerCoupling {
  kOrdinal,      // l and l + 1
  kCategorical,  // every pair
};

struct MultilayerOptions {
  // Of every layer; not kCustom.
  QualityOptions layer;
  // Coupling of a unit with itself in another layer, in units of the weights;
  // finite, >= 0: 0 leaves the layers independent, much more than a unit's
  // weights gives every layer the same modules.
  double omega = 1;
  LayerCoupling coupling = LayerCoupling::kOrdinal;
  int64_t runs = 100;  // >= 1
  uint64_t seed = 0;

  // OUT_OF_RANGE for "quality", "omega", "runs".
  absl::Status Validate() const;
};

// Quality of a partition of (layer, unit), L x N of them, as that of a
// partition of the nodes l N + i (Mucha et al. 2010, eq. 4; both orders of l
// and r counted):
//   Q = (sum_l s_l Q_l + omega sum_{l,r coupled} sum_i [c_il = c_ir]) / (2 mu),
//   2 mu = sum_l s_l + omega N #{coupled (l, r)}.
// Q_l is layer l's quality with its own null, s_l what that divides weights by,
// so that s_l Q_l is in weights: s (kModularity, kPotts), s+ + s-
// (kNegativeSym), sum |W| (kUniform), s+ (kNegativeAsym; s- in a layer without
// positive weights). Q <= 1.
// layers: L >= 2 of N x N each, as for ModularityProblem. Memory: (L N)^2
// doubles. Errors: those of Validate; WRONG_SHAPE for "matrices" of fewer than
// two layers or unlike ones; those of ModularityProblem::Make, for "matrices"
// and naming the layer; OUT_OF_RANGE when a sum of weights overflows;
// DEGENERATE when all weights and omega are 0; kCancelled.
absl::StatusOr<ModularityProblem> MakeMultilayerProblem(
    std::vector<Matrix> layers,
    const MultilayerOptions& options,
    const Execution& execution);

struct MultilayerModules {
  std::vector<Labels> labels;  // of each layer; canonical over all layers
  double quality = 0;
  int64_t num_modules = 0;
  Vector run_quality;
};

// The best of independent Leiden runs on it, the earliest of equals.
// Random: run i from (seed, kOptimiserRun, i). Threads: in parallel over runs;
// result independent of their number. Errors: as above.
absl::StatusOr<MultilayerModules> FindMultilayerModules(
    std::vector<Matrix> layers,
    const MultilayerOptions& options,
    const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_MULTILAYER_H_
