#include "core/base/finite.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace modbound {

namespace {

template <typename AnyMatrix>
absl::Status CheckAllFinite(const AnyMatrix& values, const std::string& field) {
  using Scalar = typename AnyMatrix::Scalar;
  // 0 for finite values, NaN otherwise: Eigen's allFinite is not vectorised.
  if ((values.array() * Scalar{0}).sum() == 0) {
    return absl::OkStatus();
  }
  Eigen::Index at = 0;
  while (std::isfinite(values(at / values.cols(), at % values.cols()))) {
    ++at;
  }
  return Refuse(
      reason::kNotFinite,
      field,
      absl::StrCat(field,
                   " holds NaN or infinity, first at row-major index ",
                   at,
                   "; every value must be finite"));
}

}  // namespace

absl::Status CheckFinite(const Eigen::Ref<const Matrix>& values,
                         const std::string& field) {
  return CheckAllFinite(values, field);
}

absl::Status CheckFinite(const Eigen::Ref<const FloatMatrix>& values,
                         const std::string& field) {
  return CheckAllFinite(values, field);
}

}  // namespace modbound
