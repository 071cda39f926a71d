#include "core/statistics/permutation_test.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/kept_blocks.h"
#include "core/base/random.h"
#include "core/statistics/summary.h"

namespace modbound {
namespace {

// Permutations of one work item.
constexpr int64_t kPermutationBlock = 16;
constexpr double kRounding = 1e-12;

std::vector<int64_t> InOrder(int64_t n) {
  std::vector<int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

absl::Status CheckSample(const Eigen::Ref<const Vector>& sample) {
  if (sample.size() == 0) {
    return Refuse(reason::kDegenerate,
                  "samples",
                  "a permutation test needs a value in each sample");
  }
  if (!sample.allFinite()) {
    return Refuse(
        reason::kNotFinite, "samples", "samples must hold finite values only");
  }
  return absl::OkStatus();
}

absl::StatusOr<Vector> PermutedDifferences(const Vector& values,
                                           int64_t n_a,
                                           int64_t permutations,
                                           uint64_t seed,
                                           const Execution& execution) {
  const std::vector<int64_t> identity = InOrder(values.size());
  Vector permuted(permutations);
  KeptBlocks blocks;
  blocks.phase = "permutations";
  blocks.unit = "permutations";
  blocks.count = permutations;
  blocks.block = kPermutationBlock;
  KeepArray(permuted.data(), 1, blocks);
  MODBOUND_RETURN_IF_ERROR(
      RunKeptBlocks(blocks, execution, [&](int64_t first, int64_t count) {
        for (int64_t i = first; i < first + count; ++i) {
          if (execution.stopped()) {
            return StoppedError();
          }
          RandomStream random(seed,
                              RandomPurpose::kSamplePermutation,
                              static_cast<uint64_t>(i));
          std::vector<int64_t> order = identity;
          random.Shuffle(order);
          permuted[i] = PermutedDifference(values, order, n_a);
        }
        return absl::OkStatus();
      }));
  return permuted;
}

}  // namespace

double PermutedDifference(const Eigen::Ref<const Vector>& values,
                          const std::vector<int64_t>& order,
                          int64_t n_a) {
  MODBOUND_DCHECK(static_cast<int64_t>(order.size()) == values.size());
  MODBOUND_DCHECK(1 <= n_a && n_a < values.size());
  double sum_a = 0;
  double sum_b = 0;
  for (int64_t i = 0; i < values.size(); ++i) {
    (i < n_a ? sum_a : sum_b) += values[order[static_cast<std::size_t>(i)]];
  }
  return sum_a / static_cast<double>(n_a) -
         sum_b / static_cast<double>(values.size() - n_a);
}

double PermutationP(double difference,
                    const Eigen::Ref<const Vector>& permuted,
                    double rounding,
                    Alternative alternative) {
  const auto reached = [&](double permuted_difference) {
    switch (alternative) {
      case Alternative::kGreater:
        return permuted_difference >= difference - rounding;
      case Alternative::kLess:
        return permuted_difference <= difference + rounding;
      default:
        return std::abs(permuted_difference) >= std::abs(difference) - rounding;
    }
  };
  const auto count = static_cast<double>(
      std::count_if(permuted.begin(), permuted.end(), reached));
  return (1 + count) / (1 + static_cast<double>(permuted.size()));
}

absl::StatusOr<PermutationTest> PermutationTestOfMeans(
    const Eigen::Ref<const Vector>& a,
    const Eigen::Ref<const Vector>& b,
    int64_t permutations,
    uint64_t seed,
    const Execution& execution,
    Alternative alternative) {
  MODBOUND_DCHECK(permutations >= 1);
  MODBOUND_RETURN_IF_ERROR(CheckSample(a));
  MODBOUND_RETURN_IF_ERROR(CheckSample(b));
  Vector values(a.size() + b.size());
  values << a, b;
  // About their mean, so that the rounding of sums is one of deviations.
  values.array() -= Summarise(values).mean;
  PermutationTest test;
  test.difference =
      PermutedDifference(values, InOrder(values.size()), a.size());
  MODBOUND_ASSIGN_OR_RETURN(
      const Vector permuted,
      PermutedDifferences(values, a.size(), permutations, seed, execution));
  test.p = PermutationP(test.difference,
                        permuted,
                        kRounding * values.cwiseAbs().maxCoeff(),
                        alternative);
  return test;
}

}  // namespace modbound
