#ifndef MODBOUND_CORE_TASKS_TASK_PARTS_H_
#define MODBOUND_CORE_TASKS_TASK_PARTS_H_

#include <cstdint>

#include "core/base/matrix.h"
#include "core/tasks/period.h"

// What several tasks are made of.
namespace modbound {

// A column of an array with a row a step.
using StepColumn = Eigen::Ref<Eigen::VectorXd, 0, Eigen::InnerStride<>>;

// theta_k = 2 pi k / dim_ring.
double RingDirection(int64_t dim_ring, int64_t k);

// cos theta_k of each direction of a ring.
Vector RingCosines(int64_t dim_ring);

// offset + scale cos(theta_k - theta_direction) on the channel first + k at
// every step of a period. cosines: those of the ring.
void FillRing(const PeriodSpan& period,
              int64_t first,
              const Vector& cosines,
              int64_t direction,
              double offset,
              double scale,
              Eigen::Ref<Matrix> means);

// The same row at every step of a period, from channel `first` on.
void FillRows(const PeriodSpan& period,
              int64_t first,
              const Eigen::Ref<const Eigen::RowVectorXd>& row,
              Eigen::Ref<Matrix> means);

// Running sum over a period of channels (first, first + 1, ...) times weights;
// 0 before, held after.
void FillEvidence(const PeriodSpan& period,
                  const Eigen::Ref<const Matrix>& inputs,
                  int64_t first,
                  const Vector& weights,
                  StepColumn sums);

// `value` from a step on; 0 before.
void FillFrom(int64_t step, double value, StepColumn values);

// Targets of tasks whose choices are outputs 1, 2, ..., and of those whose
// ground truth is itself the output.
int32_t ChoiceTarget(int32_t ground_truth);
int32_t SameTarget(int32_t ground_truth);

}  // namespace modbound

#endif  // MODBOUND_CORE_TASKS_TASK_PARTS_H_
