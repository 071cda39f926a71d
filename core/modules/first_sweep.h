#ifndef MODBOUND_CORE_MODULES_FIRST_SWEEP_H_
#define MODBOUND_CORE_MODULES_FIRST_SWEEP_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/modules/quality.h"

namespace modbound {

// Modules that one sweep over singletons leaves.
struct FirstSweep {
  Labels labels;  // 0 ... modules - 1, none unused
  int64_t modules = 0;
  bool moved = false;
  // links(m, j) = sum of weights(i, j) over the nodes i of module m, in the
  // first `modules` rows; without rows when they became too many.
  Matrix links;
};

// Visits the nodes in this order, each in a module of its own at first: each
// goes to the module of largest gain (ties: a module before a single node, then
// the lower) when that raises Q by more than problem.gain_floor(). Of modules
// of two nodes and more, at most max_links, links are kept up to date; the link
// with a single node is a weight. So a visit reads one row and a move adds one,
// in vectors, where sums by label would be scalar. Ends early when there are
// more modules. For weights with rows. Errors: kCancelled.
absl::StatusOr<FirstSweep> SweepSingletons(const ModularityProblem& problem,
                                           const std::vector<int32_t>& order,
                                           int64_t max_links,
                                           const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_FIRST_SWEEP_H_
