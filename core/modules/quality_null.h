#ifndef MODBOUND_CORE_MODULES_QUALITY_NULL_H_
#define MODBOUND_CORE_MODULES_QUALITY_NULL_H_

#include "core/base/matrix.h"
#include "core/modules/quality.h"

namespace modbound {

// k+ and k- of a symmetric matrix W, its diagonal as it counts.
struct StrengthsBySign {
  Vector plus;
  Vector minus;
  // They are those of W / 2^exponent, which is what w is made of.
  int exponent = 0;
};

// What a quality function but kCustom makes of W: w = W * above for W > 0,
// W * below for W < 0; and the parts of B besides w as ModularityProblem has
// them. kPotts too is linear in W: for W of 0 and 1, and the symmetric part of
// such, W - g [W = 0] is (1 + g) W - g (but for rounding, which may settle
// ties).
struct QualityParts {
  double above = 0;
  double below = 0;
  Vector k_plus;
  double c_plus = 0;
  Vector k_minus;
  double c_minus = 0;
  double zero_unit = 0;
};

QualityParts PartsOf(StrengthsBySign strengths, const QualityOptions& options);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_QUALITY_NULL_H_
