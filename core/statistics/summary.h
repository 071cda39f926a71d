#ifndef MODBOUND_CORE_STATISTICS_SUMMARY_H_
#define MODBOUND_CORE_STATISTICS_SUMMARY_H_

#include "core/base/matrix.h"

namespace modbound {

// Mean and spread of a sample. mean is NaN for an empty sample, sd and sem for
// fewer than two values. sd is exactly 0 when all values are equal.
struct SampleSummary {
  int64_t n = 0;
  double mean = 0;
  double sd = 0;   // ddof 1
  double sem = 0;  // sd / sqrt(n)
};

SampleSummary Summarise(const Eigen::Ref<const Vector>& sample);

// Variance within two samples, pooled: (S_a + S_b) / (n_a + n_b - 2), S the sum
// of squared deviations; exactly 0 when both are constant.
double PooledVariance(const Eigen::Ref<const Vector>& a,
                      const Eigen::Ref<const Vector>& b);

// Cohen's d of one sample: (mean - mu) / sd.
double CohensD(const Eigen::Ref<const Vector>& sample, double mu);

// Cohen's d of two samples: (mean_a - mean_b) / pooled sd.
double CohensD(const Eigen::Ref<const Vector>& a,
               const Eigen::Ref<const Vector>& b);

}  // namespace modbound

#endif  // MODBOUND_CORE_STATISTICS_SUMMARY_H_
