#ifndef MODBOUND_CORE_STATISTICS_MULTIPLE_TESTS_H_
#define MODBOUND_CORE_STATISTICS_MULTIPLE_TESTS_H_

#include "core/base/matrix.h"

namespace modbound {

// p values adjusted for m tests by Holm's step-down method (Holm 1979): in
// rising order p_(k) -> the largest of (m - j + 1) p_(j), j <= k, at most 1.
// NaN stays NaN and does not count as a test.
Vector HolmAdjusted(const Eigen::Ref<const Vector>& p);

// p values adjusted for the false discovery rate (Benjamini & Hochberg 1995):
// p_(k) -> the smallest of m p_(j) / j, j >= k. NaN as above.
Vector BenjaminiHochbergAdjusted(const Eigen::Ref<const Vector>& p);

}  // namespace modbound

#endif  // MODBOUND_CORE_STATISTICS_MULTIPLE_TESTS_H_
