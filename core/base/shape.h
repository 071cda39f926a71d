#ifndef MODBOUND_CORE_BASE_SHAPE_H_
#define MODBOUND_CORE_BASE_SHAPE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "core/base/matrix.h"

namespace modbound {

// WRONG_SHAPE, naming the field, when the array is not rows x cols.
absl::Status CheckShape(const std::string& field,
                        const Eigen::Ref<const Matrix>& array,
                        int64_t rows,
                        int64_t cols);

}  // namespace modbound

#endif  // MODBOUND_CORE_BASE_SHAPE_H_
