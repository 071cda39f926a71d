#include "core/statistics/summary.h"

#include <cmath>

#include "core/base/finite.h"

namespace modbound {
namespace {

// Sum of squared deviations. Equal values give exactly 0, though their computed
// mean may differ from them in the last bit.
double SumOfSquares(const Eigen::Ref<const Vector>& sample, double mean) {
  if (sample.size() == 0 || sample.minCoeff() == sample.maxCoeff()) {
    return 0;
  }
  return (sample.array() - mean).square().sum();
}

}  // namespace

SampleSummary Summarise(const Eigen::Ref<const Vector>& sample) {
  SampleSummary summary{sample.size(), kNaN, kNaN, kNaN};
  const auto n = static_cast<double>(sample.size());
  if (sample.size() == 0) {
    return summary;
  }
  summary.mean = sample.mean();
  // A second pass takes the rounding of the first out.
  summary.mean += (sample.array() - summary.mean).mean();
  if (sample.size() > 1) {
    summary.sd = std::sqrt(SumOfSquares(sample, summary.mean) / (n - 1));
    summary.sem = summary.sd / std::sqrt(n);
  }
  return summary;
}

double PooledVariance(const Eigen::Ref<const Vector>& a,
                      const Eigen::Ref<const Vector>& b) {
  const auto df = static_cast<double>(a.size() + b.size() - 2);
  return (SumOfSquares(a, Summarise(a).mean) +
          SumOfSquares(b, Summarise(b).mean)) /
         df;
}

double CohensD(const Eigen::Ref<const Vector>& sample, double mu) {
  const SampleSummary summary = Summarise(sample);
  return (summary.mean - mu) / summary.sd;
}

double CohensD(const Eigen::Ref<const Vector>& a,
               const Eigen::Ref<const Vector>& b) {
  return (Summarise(a).mean - Summarise(b).mean) /
         std::sqrt(PooledVariance(a, b));
}

}  // namespace modbound
