#ifndef MODBOUND_CORE_STATISTICS_T_TEST_H_
#define MODBOUND_CORE_STATISTICS_T_TEST_H_

#include "absl/status/statusor.h"
#include "core/base/matrix.h"

namespace modbound {

// Outcome of a t test. With zero variance t is +-infinity and p 0 when the
// means differ, and both are NaN when they do not; zero_variance says so.
struct TTest {
  double t = 0;
  double df = 0;
  double p = 1;  // two-sided
  bool zero_variance = false;
};

// P(|T| >= |t|) for T with df > 0 degrees of freedom: the regularised
// incomplete beta function I_x(df/2, 1/2) at x = df / (df + t^2), from
// whichever tail keeps its digits. Relative accuracy 1e-8 down to 1e-280. NaN
// for NaN.
double TwoSidedP(double t, double df);

// t = (mean - mu) / (s / sqrt(n)), df = n - 1.
// Errors: DEGENERATE for n < 2; NOT_FINITE.
absl::StatusOr<TTest> OneSampleTTest(const Eigen::Ref<const Vector>& sample,
                                     double mu = 0);

// Two samples with a pooled variance, df = n_a + n_b - 2; t > 0 when a's mean
// is larger. Errors: DEGENERATE for an empty sample or n_a + n_b < 3;
// NOT_FINITE.
absl::StatusOr<TTest> StudentTTest(const Eigen::Ref<const Vector>& a,
                                   const Eigen::Ref<const Vector>& b);

// Two samples of unequal variance (Welch 1947), df by Welch and Satterthwaite.
// Errors: DEGENERATE for a sample below 2; NOT_FINITE.
absl::StatusOr<TTest> WelchTTest(const Eigen::Ref<const Vector>& a,
                                 const Eigen::Ref<const Vector>& b);

}  // namespace modbound

#endif  // MODBOUND_CORE_STATISTICS_T_TEST_H_
