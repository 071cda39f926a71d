#ifndef MODBOUND_CORE_MODULES_AGGREGATE_H_
#define MODBOUND_CORE_MODULES_AGGREGATE_H_

#include <cstdint>
#include <vector>

#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/modules/quality.h"

namespace modbound {

// Modules whose sums are kept at the most: 1024 rows of N are a small part of
// any matrix for which memory matters.
inline constexpr int64_t kMaxSums = 1024;

// Modules that are made nodes at the most, of a problem of n nodes: what is
// made of them is a small part of its weights. A first sweep over a matrix of
// one's daily work leaves far fewer modules of two nodes and more.
constexpr int64_t MostAggregated(int64_t n) {
  return n / 4 > kMaxSums ? n / 4 : kMaxSums;
}

// The problem with each label's nodes as one node: sums of weights (the former
// inner ones on the diagonal) and of strengths. A partition of its nodes has
// the quality that the same partition of the nodes below has. labels: 0 ...
// modules - 1. Cost: one pass over the matrix. Half done when
// execution.stopped().
ModularityProblem AggregateProblem(const ModularityProblem& problem,
                                   const Labels& labels,
                                   int64_t modules,
                                   const Execution& execution = Execution());

// The same from the sums of modules (Weights::AddAddends) that are there
// already. Cost: modules * N.
ModularityProblem AggregateSums(const ModularityProblem& problem,
                                const Labels& labels,
                                int64_t modules,
                                const Matrix& sums);

// The problem of some of its nodes. Differences of quality between partitions
// of these nodes are the same as in the whole. Half done when
// execution.stopped().
ModularityProblem RestrictProblem(const ModularityProblem& problem,
                                  const std::vector<int64_t>& nodes,
                                  const Execution& execution = Execution());

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_AGGREGATE_H_
