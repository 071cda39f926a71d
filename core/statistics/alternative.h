#ifndef MODBOUND_CORE_STATISTICS_ALTERNATIVE_H_
#define MODBOUND_CORE_STATISTICS_ALTERNATIVE_H_

namespace modbound {

// What speaks against the null hypothesis that a statistic is 0.
enum class Alternative {
  kTwoSided,
  kGreater,  // P(T >= t)
  kLess,     // P(T <= t)
};

// p of the alternative for a statistic with a symmetric distribution, from its
// two-sided p: half of it on the side of the statistic's sign, the rest on the
// other. NaN for NaN.
inline double POfAlternative(double statistic,
                             double two_sided,
                             Alternative alternative) {
  if (alternative == Alternative::kTwoSided) {
    return two_sided;
  }
  const bool is_on_its_side =
      alternative == Alternative::kGreater ? statistic > 0 : statistic < 0;
  return is_on_its_side ? two_sided / 2 : 1 - two_sided / 2;
}

}  // namespace modbound

#endif  // MODBOUND_CORE_STATISTICS_ALTERNATIVE_H_
