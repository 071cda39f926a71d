#include "core/modules/rule_partitions.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/finite.h"

namespace modbound {
namespace {

absl::Status CheckWeights(const Matrix& weights, int64_t least, int64_t most) {
  if (weights.cols() < least || weights.cols() > most) {
    return Refuse(
        reason::kWrongShape,
        "weights",
        absl::StrCat("weights has ",
                     weights.cols(),
                     " columns; allowed: ",
                     least,
                     least == most ? "" : absl::StrCat(" to ", most)));
  }
  return CheckFinite(weights, "weights");
}

// code[sector][whether w_0 is the stronger].
absl::StatusOr<Labels> TwoInputLabels(const Matrix& weights,
                                      const int32_t (&code)[4][2]) {
  MODBOUND_RETURN_IF_ERROR(CheckWeights(weights, 2, 2));
  MODBOUND_ASSIGN_OR_RETURN(Labels labels, SectorLabels(weights));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto w = weights.row(static_cast<Eigen::Index>(i));
    labels[i] = code[labels[i]][std::abs(w[0]) > std::abs(w[1]) ? 1 : 0];
  }
  return labels;
}

}  // namespace

absl::StatusOr<Labels> SectorLabels(const Matrix& weights) {
  MODBOUND_RETURN_IF_ERROR(CheckWeights(weights, 1, kMaxSectorInputs));
  Labels labels(static_cast<std::size_t>(weights.rows()), 0);
  for (Eigen::Index i = 0; i < weights.rows(); ++i) {
    for (Eigen::Index j = 0; j < weights.cols(); ++j) {
      labels[i] |= weights(i, j) > 0 ? int32_t{1} << j : 0;
    }
  }
  return labels;
}

absl::StatusOr<Labels> SixRuleLabels(const Matrix& weights) {
  // Sectors: both <= 0, only w_0 > 0, only w_1 > 0, both > 0.
  return TwoInputLabels(weights, {{6, 5}, {3, 3}, {4, 4}, {2, 1}});
}

absl::StatusOr<Labels> EightRuleLabels(const Matrix& weights) {
  return TwoInputLabels(weights, {{8, 7}, {4, 3}, {6, 5}, {2, 1}});
}

}  // namespace modbound
