#include "core/base/shape.h"

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace modbound {

absl::Status CheckShape(const std::string& field,
                        const Eigen::Ref<const Matrix>& array,
                        int64_t rows,
                        int64_t cols) {
  if (array.rows() == rows && array.cols() == cols) {
    return absl::OkStatus();
  }
  return Refuse(reason::kWrongShape,
                field,
                absl::StrCat(field,
                             " is ",
                             array.rows(),
                             " x ",
                             array.cols(),
                             "; allowed: ",
                             rows,
                             " x ",
                             cols));
}

}  // namespace modbound
