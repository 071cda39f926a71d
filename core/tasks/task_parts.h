#ifndef MODBOUND_CORE_TASKS_TASK_PARTS_H_
#define MODBOUND_CORE_TASKS_TASK_PARTS_H_

#include <cstdint>

#include "core/base/matrix.h"
#include "core/tasks/period.h"

// What several tasks are made of.
namespace modbound {

// A column of an array with a row a step.
using StepColumn = Eigen::Ref<Eigen::VectorXd, 0, Eigen::InnerStride<>>;

// Most directions of a ring.
inline constexpr int kMaxRing = 1024;

// A value for each direction. Holds its numbers itself: training draws trials
// without taking memory.
using RingRow =
    Eigen::Matrix<double, 1, Eigen::Dynamic, Eigen::RowMajor, 1, kMaxRing>;

// offset + scale cos(theta_k - theta) for the directions theta_k = 2 pi k /
// dim_ring of a ring: dim_ring values.
RingRow RingCosines(int64_t dim_ring,
                    double theta,
                    double offset = 0,
                    double scale = 1);

// theta_k.
double RingDirection(int64_t dim_ring, int64_t k);

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
