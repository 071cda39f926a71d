#include "core/statistics/sample_test.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/statistics/correlation.h"
#include "core/statistics/permutation_test.h"
#include "core/statistics/t_test.h"

namespace modbound {
namespace {

struct Samples {
  Vector a;
  Vector b;
};

bool IsCorrelation(SampleTest test) {
  return test == SampleTest::kPearson || test == SampleTest::kSpearman;
}

Vector NumbersOf(const Eigen::Ref<const Vector>& values) {
  Vector numbers(values.size());
  Eigen::Index n = 0;
  for (const double value : values) {
    if (!std::isnan(value)) {
      numbers(n++) = value;
    }
  }
  return numbers.head(n);
}

Samples PairsOf(const Eigen::Ref<const Vector>& a,
                const Eigen::Ref<const Vector>& b) {
  Samples pairs{Vector(a.size()), Vector(a.size())};
  Eigen::Index n = 0;
  for (Eigen::Index i = 0; i < a.size(); ++i) {
    if (!std::isnan(a(i)) && !std::isnan(b(i))) {
      pairs.a(n) = a(i);
      pairs.b(n++) = b(i);
    }
  }
  return {pairs.a.head(n), pairs.b.head(n)};
}

// The values that count. Errors: NOT_FINITE, WRONG_SHAPE.
absl::StatusOr<Samples> ValuesOf(const Eigen::Ref<const Vector>& a,
                                 const Eigen::Ref<const Vector>& b,
                                 SampleTest test) {
  if (a.array().isInf().any() || b.array().isInf().any()) {
    return Refuse(reason::kNotFinite,
                  a.array().isInf().any() ? "samples" : "other",
                  "a sample holds an infinite value");
  }
  if (!IsPairwise(test)) {
    return Samples{NumbersOf(a), NumbersOf(b)};
  }
  if (a.size() != b.size()) {
    return Refuse(reason::kWrongShape,
                  "other",
                  absl::StrCat("other has ",
                               b.size(),
                               " values; allowed: as many as samples, ",
                               a.size(),
                               ", for a test of pairs"));
  }
  return PairsOf(a, b);
}

void FillTTest(const absl::StatusOr<TTest>& test,
               double effect_size,
               const SampleTestOptions& options,
               SampleTestResult& result) {
  // Too few values, or a difference that overflows: nothing to say.
  if (!test.ok()) {
    return;
  }
  result.t = test->t;
  result.df = test->df;
  result.p = POfAlternative(test->t, test->p, options.alternative);
  result.effect_size = effect_size;
  result.zero_variance = test->zero_variance;
}

absl::Status Correlate(const Samples& samples,
                       const SampleTestOptions& options,
                       const Execution& execution,
                       SampleTestResult& result) {
  Correlation correlation{kNaN, kNaN, kNaN};
  if (options.test == SampleTest::kPearson) {
    correlation = PearsonCorrelation(samples.a, samples.b);
  } else if (samples.a.size() > 0) {
    MODBOUND_ASSIGN_OR_RETURN(
        correlation, SpearmanCorrelation(samples.a, samples.b, execution));
  }
  result.estimate = correlation.r;
  result.effect_size = correlation.r;
  result.zero_variance = result.a.sd == 0 || result.b.sd == 0;
  // Two values lie on a line whatever they are.
  if (samples.a.size() > 2) {
    result.t = correlation.t;
    result.df = static_cast<double>(samples.a.size() - 2);
    result.p =
        POfAlternative(correlation.r, correlation.p, options.alternative);
  }
  return absl::OkStatus();
}

absl::Status Permute(const Samples& samples,
                     const SampleTestOptions& options,
                     const Execution& execution,
                     SampleTestResult& result) {
  if (samples.a.size() == 0 || samples.b.size() == 0) {
    return absl::OkStatus();
  }
  MODBOUND_ASSIGN_OR_RETURN(const PermutationTest test,
                            PermutationTestOfMeans(samples.a,
                                                   samples.b,
                                                   options.permutations,
                                                   options.seed,
                                                   execution,
                                                   options.alternative));
  result.p = test.p;
  result.zero_variance = PooledVariance(samples.a, samples.b) == 0;
  result.effect_size = CohensD(samples.a, samples.b);
  return absl::OkStatus();
}

}  // namespace

bool IsPairwise(SampleTest test) {
  return test == SampleTest::kPaired || IsCorrelation(test);
}

absl::StatusOr<SampleTestResult> TestSamples(const Eigen::Ref<const Vector>& a,
                                             const Eigen::Ref<const Vector>& b,
                                             const SampleTestOptions& options,
                                             const Execution& execution) {
  MODBOUND_ASSIGN_OR_RETURN(const Samples samples,
                            ValuesOf(a, b, options.test));
  SampleTestResult result;
  result.a = Summarise(samples.a);
  result.b = Summarise(samples.b);
  result.estimate = result.a.mean - result.b.mean;
  const Vector& x = samples.a;
  const Vector& y = samples.b;
  switch (options.test) {
    case SampleTest::kOneSample:
      result.estimate = result.a.mean;
      FillTTest(OneSampleTTest(x, options.null_value),
                CohensD(x, options.null_value),
                options,
                result);
      break;
    case SampleTest::kPaired: {
      const Vector difference = x - y;
      result.estimate = Summarise(difference).mean;
      FillTTest(OneSampleTTest(difference, options.null_value),
                CohensD(difference, options.null_value),
                options,
                result);
      break;
    }
    case SampleTest::kStudent:
      FillTTest(StudentTTest(x, y), CohensD(x, y), options, result);
      break;
    case SampleTest::kWelch:
      FillTTest(WelchTTest(x, y), CohensD(x, y), options, result);
      break;
    case SampleTest::kPermutation:
      MODBOUND_RETURN_IF_ERROR(Permute(samples, options, execution, result));
      break;
    case SampleTest::kPearson:
    case SampleTest::kSpearman:
      MODBOUND_RETURN_IF_ERROR(Correlate(samples, options, execution, result));
      break;
  }
  return result;
}

}  // namespace modbound
