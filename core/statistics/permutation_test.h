#ifndef MODBOUND_CORE_STATISTICS_PERMUTATION_TEST_H_
#define MODBOUND_CORE_STATISTICS_PERMUTATION_TEST_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/statistics/alternative.h"

namespace modbound {

struct PermutationTest {
  double difference = 0;  // mean(a) - mean(b)
  double p = 1;           // of the alternative
};

// Permutation test of a difference of means of two samples (Fisher 1935):
//   p = (1 + #{|d_perm| >= |d|}) / (1 + permutations), two-sided;
// d_perm >= d (greater) or d_perm <= d (less) are counted for one side;
// d = mean(a) - mean(b), d_perm the same when n_a of all n_a + n_b values,
// drawn at random, form the first sample. a, b: finite, at least one value
// each. permutations >= 1. Differences within rounding (1e-12 of the largest
// deviation from the mean of all values) are equal, so p is 1 when all values
// are. Random: permutation i comes from (seed, kSamplePermutation, i). Threads:
// permutations in parallel; result independent of their number. Errors:
// DEGENERATE or NOT_FINITE for "samples"; kCancelled.
absl::StatusOr<PermutationTest> PermutationTestOfMeans(
    const Eigen::Ref<const Vector>& a,
    const Eigen::Ref<const Vector>& b,
    int64_t permutations,
    uint64_t seed,
    const Execution& execution,
    Alternative alternative = Alternative::kTwoSided);

// d_perm of one permutation: mean of values[order[0]] ... values[order[n_a -
// 1]] less the mean of the others. 1 <= n_a < n.
double PermutedDifference(const Eigen::Ref<const Vector>& values,
                          const std::vector<int64_t>& order,
                          int64_t n_a);

// p of d against d_perm; one that is within `rounding` of it counts as reaching
// it.
double PermutationP(double difference,
                    const Eigen::Ref<const Vector>& permuted,
                    double rounding,
                    Alternative alternative = Alternative::kTwoSided);

}  // namespace modbound

#endif  // MODBOUND_CORE_STATISTICS_PERMUTATION_TEST_H_
