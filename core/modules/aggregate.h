#ifndef MODBOUND_CORE_MODULES_AGGREGATE_H_
#define MODBOUND_CORE_MODULES_AGGREGATE_H_

#include <cstdint>
#include <vector>

#include "core/base/matrix.h"
#include "core/modules/quality.h"

namespace modbound {

// Modules whose links are kept at the most: 1024 rows of N are a small part of
// any matrix for which memory matters.
inline constexpr int64_t kMaxLinkRows = 1024;

// links(m, j) += sum of weights(i, j) over the nodes i of label m. links: at
// least as many rows as labels, N columns.
void AddLinks(const ModularityProblem& problem,
              const Labels& labels,
              Matrix& links);

// The problem with each label's nodes as one node: sums of weights (the former
// inner ones on the diagonal) and of strengths. A partition of its nodes has
// the quality that the same partition of the nodes below has. labels: 0 ...
// modules
// - 1. Cost: one pass over the matrix.
ModularityProblem AggregateProblem(const ModularityProblem& problem,
                                   const Labels& labels,
                                   int64_t modules);

// The same from links that are there already. Cost: modules * N.
ModularityProblem AggregateLinks(const ModularityProblem& problem,
                                 const Labels& labels,
                                 int64_t modules,
                                 const Matrix& links);

// The problem of some of its nodes. Differences of quality between partitions
// of these nodes are the same as in the whole.
ModularityProblem RestrictProblem(const ModularityProblem& problem,
                                  const std::vector<int64_t>& nodes);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_AGGREGATE_H_
