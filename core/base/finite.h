#ifndef MODBOUND_CORE_BASE_FINITE_H_
#define MODBOUND_CORE_BASE_FINITE_H_

#include <limits>
#include <string>

#include "absl/status/status.h"
#include "core/base/matrix.h"

namespace modbound {

// Stands for a value that does not exist: the correlation of a constant, the
// mean of nothing.
inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// NOT_FINITE, naming the field and the first place, when any value is NaN or
// infinite.
absl::Status CheckFinite(const Eigen::Ref<const Matrix>& values,
                         const std::string& field);
absl::Status CheckFinite(const Eigen::Ref<const FloatMatrix>& values,
                         const std::string& field);

}  // namespace modbound

#endif  // MODBOUND_CORE_BASE_FINITE_H_
