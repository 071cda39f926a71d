#include "core/modules/quality_null.h"

#include <cmath>
#include <utility>

namespace modbound {
namespace {

// Quotient, 0 where there is nothing to divide by.
double QuotientOf(double numerator, double total) {
  return total == 0 ? 0 : numerator / total;
}

}  // namespace

QualityParts PartsOf(StrengthsBySign strengths, const QualityOptions& options) {
  const Eigen::Index n = strengths.plus.size();
  const double plus = strengths.plus.sum();
  const double minus = strengths.minus.sum();
  const double both = QuotientOf(1, plus + minus);
  QualityParts parts;
  parts.above = parts.below = both;
  parts.k_plus = Vector::Zero(n);
  parts.k_minus = Vector::Zero(n);
  const bool is_potts = options.function == QualityFunction::kPotts;
  if (is_potts || options.function == QualityFunction::kUniform) {
    parts.above *= is_potts ? 1 + options.gamma : 1;
    parts.k_plus.setOnes();
    parts.c_plus = std::ldexp(options.gamma * both, -strengths.exponent);
    parts.zero_unit = -parts.c_plus;
    return parts;
  }
  if (options.function == QualityFunction::kNegativeAsym) {
    parts.above = QuotientOf(1, plus);
  }
  parts.k_plus = std::move(strengths.plus);
  parts.c_plus = QuotientOf(options.gamma * parts.above, plus);
  parts.k_minus = std::move(strengths.minus);
  parts.c_minus = QuotientOf(options.gamma * both, minus);
  return parts;
}

}  // namespace modbound
