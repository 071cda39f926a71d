#include "core/statistics/node_distances.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/finite.h"

namespace modbound {
namespace {

constexpr double kLargestCoordinate = 1e150;

}  // namespace

NodeDistances NodeDistances::OfMatrix(const Matrix& distances,
                                      std::vector<int64_t> units) {
  NodeDistances nodes;
  nodes.n_ = static_cast<int64_t>(units.size());
  nodes.matrix_ = &distances;
  nodes.units_ = std::move(units);
  return nodes;
}

NodeDistances NodeDistances::OfCoordinates(const Matrix& coordinates,
                                           const std::vector<int64_t>& units) {
  NodeDistances nodes;
  nodes.n_ = static_cast<int64_t>(units.size());
  nodes.axes_ = coordinates(units, Eigen::all).transpose();
  return nodes;
}

void NodeDistances::Row(int64_t i, Vector& row) const {
  row.resize(n_);
  if (matrix_ != nullptr) {
    const double* from = matrix_->data() + units_[i] * matrix_->cols();
    for (int64_t j = 0; j < n_; ++j) {
      row[j] = from[units_[j]];
    }
    return;
  }
  row.setZero();
  for (Eigen::Index axis = 0; axis < axes_.rows(); ++axis) {
    row.array() +=
        (axes_.row(axis).transpose().array() - axes_(axis, i)).square();
  }
  row = row.cwiseSqrt();
}

absl::Status CheckCoordinates(const Matrix& coordinates) {
  MODBOUND_RETURN_IF_ERROR(CheckFinite(coordinates, "coordinates"));
  const double largest =
      coordinates.size() == 0 ? 0 : coordinates.cwiseAbs().maxCoeff();
  if (largest <= kLargestCoordinate) {
    return absl::OkStatus();
  }
  return Refuse(reason::kOutOfRange,
                "coordinates",
                absl::StrCat("coordinates has a value of magnitude ",
                             largest,
                             "; allowed: up to ",
                             kLargestCoordinate));
}

}  // namespace modbound
