#ifndef MODBOUND_CORE_MODULES_ACTIVITY_MOMENTS_H_
#define MODBOUND_CORE_MODULES_ACTIVITY_MOMENTS_H_

#include <cstdint>
#include <vector>

#include "core/base/matrix.h"

namespace modbound {

// Streaming sums over time of the activity of N units, for the rule that says
// which are silent: sd (ddof 0) <= 1e-9 of the largest |activity| of all.
// Relative, so that rounding noise on a constant unit does not make it an
// active one. Sums are about each unit's first value: exact for constant units,
// and as accurate as needed wherever the sd is near the limit.
class ActivityMoments {
 public:
  // One time point: N values, finite, their squares too.
  void Add(const Eigen::Ref<const Eigen::RowVectorXd>& states);
  // Adds the time points of another block of the same units.
  void Join(const ActivityMoments& block);

  // N flags, 0 = silent; none before the first time point.
  std::vector<uint8_t> ActiveUnits() const;
  int64_t SilentUnits() const;
  // Of each unit, N; none before the first time point. sd with ddof 0.
  Vector Means() const;
  Vector StandardDeviations() const;
  // Time points.
  int64_t count() const { return count_; }
  // Largest |activity|.
  double largest() const { return largest_; }

 private:
  int64_t count_ = 0;
  Vector first_;        // N, the first values
  Vector sum_;          // N, of (r - first)
  Vector sum_squares_;  // N, of (r - first)^2
  double largest_ = 0;  // of all |r|
};

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_ACTIVITY_MOMENTS_H_
