#ifndef MODBOUND_CORE_MODULES_RULE_PARTITIONS_H_
#define MODBOUND_CORE_MODULES_RULE_PARTITIONS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "core/base/matrix.h"

namespace modbound {

// Partitions of units by rules on their input weights w (rows of weights, N x
// k, finite), not by an optimiser. Labels are the rules' own codes, with gaps
// where no unit follows a rule.

// The most inputs whose sectors an int32 numbers.
inline constexpr int64_t kMaxSectorInputs = 31;

// Sector, the orthant that w lies in: sum_j b_j 2^j, b_j = [w_j > 0]; 0 to 2^k
// -
// 1. Errors: WRONG_SHAPE for "weights" unless 1 <= k <= kMaxSectorInputs;
// NOT_FINITE.
absl::StatusOr<Labels> SectorLabels(const Matrix& weights);

// Six rules on two inputs, 1 to 6; stronger = larger absolute value:
//   1  both > 0, w_0 > w_1       2  both > 0, w_1 >= w_0
//   3  only w_0 > 0              4  only w_1 > 0
//   5  both <= 0, |w_0| > |w_1|  6  both <= 0, |w_1| >= |w_0|.
// Errors: WRONG_SHAPE for "weights" unless k = 2; NOT_FINITE.
absl::StatusOr<Labels> SixRuleLabels(const Matrix& weights);

// Eight rules on two inputs, 1 to 8: 1 and 2 as above; where only w_0 > 0, 3
// when it is the stronger, else 4; where only w_1 > 0, 5 when w_0 is the
// stronger, else 6; where both <= 0, 7 when |w_0| > |w_1|, else 8.
// Errors: as above.
absl::StatusOr<Labels> EightRuleLabels(const Matrix& weights);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_RULE_PARTITIONS_H_
