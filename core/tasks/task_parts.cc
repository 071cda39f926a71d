#include "core/tasks/task_parts.h"

#include <cmath>
#include <cstdlib>
#include <numbers>

namespace modbound {

double RingDirection(int64_t dim_ring, int64_t k) {
  return 2 * std::numbers::pi * static_cast<double>(k) /
         static_cast<double>(dim_ring);
}

Vector RingCosines(int64_t dim_ring) {
  Vector cosines(dim_ring);
  for (int64_t k = 0; k < dim_ring; ++k) {
    cosines(k) = std::cos(RingDirection(dim_ring, k));
  }
  return cosines;
}

void FillRing(const PeriodSpan& period,
              int64_t first,
              const Vector& cosines,
              int64_t direction,
              double offset,
              double scale,
              Eigen::Ref<Matrix> means) {
  // Channel by channel: a row's are too few for a copy of them to pay.
  for (int64_t k = 0; k < cosines.size(); ++k) {
    // The cosine of a direction is that of its opposite angle.
    means.col(first + k)
        .segment(period.begin, period.steps)
        .setConstant(offset + scale * cosines(std::abs(k - direction)));
  }
}

void FillRows(const PeriodSpan& period,
              int64_t first,
              const Eigen::Ref<const Eigen::RowVectorXd>& row,
              Eigen::Ref<Matrix> means) {
  for (int64_t k = 0; k < row.size(); ++k) {
    means.col(first + k)
        .segment(period.begin, period.steps)
        .setConstant(row(k));
  }
}

void FillEvidence(const PeriodSpan& period,
                  const Eigen::Ref<const Matrix>& inputs,
                  int64_t first,
                  const Vector& weights,
                  StepColumn sums) {
  double sum = 0;
  for (int64_t t = period.begin; t < sums.size(); ++t) {
    if (t < period.end()) {
      sum += inputs.row(t).segment(first, weights.size()).dot(weights);
    }
    sums(t) = sum;
  }
}

void FillFrom(int64_t step, double value, StepColumn values) {
  values.tail(values.size() - step).setConstant(value);
}

int32_t ChoiceTarget(int32_t ground_truth) { return ground_truth + 1; }

int32_t SameTarget(int32_t ground_truth) { return ground_truth; }

}  // namespace modbound
