#include "core/statistics/t_test.h"

#include <algorithm>
#include <cmath>

#include "boost/math/special_functions/beta.hpp"
#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/statistics/summary.h"

namespace modbound {
namespace {

namespace policies = boost::math::policies;
// No exceptions. Works in long double, as is Boost's default: in double p would
// be off by 5e-11 at t = 1e-6, df = 1.
using Quiet =
    policies::policy<policies::domain_error<policies::ignore_error>,
                     policies::pole_error<policies::ignore_error>,
                     policies::overflow_error<policies::ignore_error>,
                     policies::evaluation_error<policies::ignore_error>>;

absl::Status CheckSample(const Eigen::Ref<const Vector>& sample,
                         int64_t least) {
  if (sample.size() < least) {
    return Refuse(reason::kDegenerate,
                  "samples",
                  "a t test needs at least " + std::to_string(least) +
                      " values in each sample, got " +
                      std::to_string(sample.size()));
  }
  if (!sample.allFinite()) {
    return Refuse(
        reason::kNotFinite, "samples", "samples must hold finite values only");
  }
  return absl::OkStatus();
}

TTest MakeTest(double difference, double standard_error, double df) {
  TTest test;
  test.df = df;
  test.zero_variance = standard_error == 0;
  // 0 / 0 is NaN and x / 0 infinite: just what the contract says.
  test.t = difference / standard_error;
  test.p = TwoSidedP(test.t, df);
  return test;
}

}  // namespace

double TwoSidedP(double t, double df) {
  if (std::isnan(t) || std::isnan(df)) {
    return kNaN;
  }
  if (std::isinf(t)) {
    return 0;
  }
  const double t2 = t * t;
  if (t2 > df) {
    return boost::math::ibeta(df / 2, 0.5, df / (df + t2), Quiet());
  }
  return boost::math::ibetac(0.5, df / 2, t2 / (df + t2), Quiet());
}

absl::StatusOr<TTest> OneSampleTTest(const Eigen::Ref<const Vector>& sample,
                                     double mu) {
  MODBOUND_RETURN_IF_ERROR(CheckSample(sample, 2));
  const SampleSummary summary = Summarise(sample);
  return MakeTest(
      summary.mean - mu, summary.sem, static_cast<double>(summary.n - 1));
}

absl::StatusOr<TTest> StudentTTest(const Eigen::Ref<const Vector>& a,
                                   const Eigen::Ref<const Vector>& b) {
  MODBOUND_RETURN_IF_ERROR(CheckSample(a, 1));
  MODBOUND_RETURN_IF_ERROR(CheckSample(b, 1));
  const auto n_a = static_cast<double>(a.size());
  const auto n_b = static_cast<double>(b.size());
  const double df = n_a + n_b - 2;
  if (df < 1) {
    return Refuse(reason::kDegenerate,
                  "samples",
                  "a two-sample t test needs at least 3 values in all, got 2");
  }
  const double variance = PooledVariance(a, b);
  return MakeTest(Summarise(a).mean - Summarise(b).mean,
                  std::sqrt(variance * (1 / n_a + 1 / n_b)),
                  df);
}

absl::StatusOr<TTest> WelchTTest(const Eigen::Ref<const Vector>& a,
                                 const Eigen::Ref<const Vector>& b) {
  MODBOUND_RETURN_IF_ERROR(CheckSample(a, 2));
  MODBOUND_RETURN_IF_ERROR(CheckSample(b, 2));
  const SampleSummary summary_a = Summarise(a);
  const SampleSummary summary_b = Summarise(b);
  const double error_a = summary_a.sem * summary_a.sem;
  const double error_b = summary_b.sem * summary_b.sem;
  const double error = error_a + error_b;
  // Shares of the error, not squares of it: those underflow for tiny values.
  // Without any variance the df of equal shares, n - 1 each, is as good as any.
  const double share_a = error == 0 ? 0.5 : error_a / error;
  const double share_b = 1 - share_a;
  const double df = 1 / (share_a * share_a / static_cast<double>(a.size() - 1) +
                         share_b * share_b / static_cast<double>(b.size() - 1));
  return MakeTest(summary_a.mean - summary_b.mean,
                  std::hypot(summary_a.sem, summary_b.sem),
                  df);
}

}  // namespace modbound
