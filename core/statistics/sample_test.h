#ifndef MODBOUND_CORE_STATISTICS_SAMPLE_TEST_H_
#define MODBOUND_CORE_STATISTICS_SAMPLE_TEST_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/finite.h"
#include "core/base/matrix.h"
#include "core/statistics/alternative.h"
#include "core/statistics/summary.h"

namespace modbound {

// How samples are tested.
enum class SampleTest {
  kOneSample,    // OneSampleTTest
  kPaired,       // OneSampleTTest of the differences a - b
  kStudent,      // StudentTTest
  kWelch,        // WelchTTest
  kPermutation,  // PermutationTestOfMeans
  kPearson,      // PearsonCorrelation
  kSpearman,     // SpearmanCorrelation
};

// Whether values of the two samples at one place belong together.
bool IsPairwise(SampleTest test);

struct SampleTestOptions {
  SampleTest test = SampleTest::kStudent;
  Alternative alternative = Alternative::kTwoSided;
  double null_value = 0;        // mean, of kOneSample and kPaired; finite
  int64_t permutations = 1000;  // of kPermutation, >= 1
  uint64_t seed = 0;            // of the permutations
};

struct SampleTestResult {
  SampleSummary a;  // of the values that count
  SampleSummary b;  // n = 0 for kOneSample
  // The mean (of the differences), the difference of means, or r.
  double estimate = kNaN;
  double t = kNaN;   // see TTest; NaN for kPermutation
  double df = kNaN;  // NaN for kPermutation
  double p = kNaN;   // of the alternative
  // CohensD of the test's samples; r of a correlation.
  double effect_size = kNaN;
  // Neither sample varies, nor do the differences; for a correlation, one of
  // the two does not.
  bool zero_variance = false;
};

// Tests sample a against null_value, or against sample b (empty for
// kOneSample). NaN stands for a value that is not there: it is left out, in a
// pairwise test with the value beside it. Where too few are left for the test,
// estimate is what it can be, and t, df, p and effect_size are NaN. Cost:
// linear; n log n for kSpearman, times the permutations for kPermutation, which
// keeps a checkpoint. Threads: those of the functions above; result independent
// of their number. Errors: NOT_FINITE for "samples" or "other" when one is
// infinite; WRONG_SHAPE for "other" when a pairwise test has samples of two
// lengths; kCancelled.
absl::StatusOr<SampleTestResult> TestSamples(const Eigen::Ref<const Vector>& a,
                                             const Eigen::Ref<const Vector>& b,
                                             const SampleTestOptions& options,
                                             const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_STATISTICS_SAMPLE_TEST_H_
