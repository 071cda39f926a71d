#ifndef MODBOUND_CORE_REPRESENTATION_REDUCE_H_
#define MODBOUND_CORE_REPRESENTATION_REDUCE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/representation/pca.h"

namespace modbound {

// Mean activity of each module's units: activity (T x N), labels (N, -1 = in no
// module) -> T x M, modules in rising order of their labels.
Matrix ModuleMeans(const Matrix& activity, const Labels& labels);

struct ReduceOptions {
  // Principal components C, in [1, min(T, N)]; 0 = as many as modules, at most
  // min(T, N).
  int64_t components = 0;
};

// A correlation that is not defined, one side being constant, counts as 0.
struct Reduction {
  Matrix module_activity;  // T x M
  // T x N: each unit replaced by its module's mean; 0 for units of label -1.
  Matrix reconstruction;
  // T: correlation of activity and reconstruction across labelled units.
  Vector reconstruction_r_time;
  Vector reconstruction_r_unit;      // N: across time; 0 for units of label -1
  double mean_reconstruction_r = 0;  // mean of reconstruction_r_time
  Pca pca;                           // of all units
  // M x M', M' = min(M, C): |r| of module means and scores.
  Matrix module_component_r;
  // Mean of module_component_r under the one-to-one matching of components to
  // modules that makes it largest.
  double matched_component_r = 0;
};

// Activity (T x N, finite, T >= 2) in fewer dimensions by modules and by
// principal components.
// Errors: those of ComputePca; WRONG_SHAPE or BAD_LABELS for "labels";
// DEGENERATE for "labels" when no unit is labelled; kCancelled.
absl::StatusOr<Reduction> Reduce(const Matrix& activity,
                                 const Labels& labels,
                                 const ReduceOptions& options,
                                 const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_REPRESENTATION_REDUCE_H_
