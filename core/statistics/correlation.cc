#include "core/statistics/correlation.h"

#include <algorithm>
#include <cmath>

#include "core/base/finite.h"
#include "core/base/progress_counter.h"
#include "core/statistics/ranks.h"
#include "core/statistics/t_test.h"

namespace modbound {
namespace {

// (x - mean) / |x - mean|; empty when x is constant, up to the rounding of its
// own mean. Scaled first, so that squares neither overflow nor vanish.
Vector UnitDeviation(const Eigen::Ref<const Vector>& x) {
  const double largest = x.cwiseAbs().maxCoeff();
  if (x.minCoeff() == x.maxCoeff()) {
    return Vector();
  }
  Vector deviation = x / largest;
  deviation.array() -= deviation.mean();
  deviation.array() -= deviation.mean();
  return deviation / deviation.norm();
}

}  // namespace

Correlation PearsonCorrelation(const Eigen::Ref<const Vector>& x,
                               const Eigen::Ref<const Vector>& y) {
  const auto n = static_cast<double>(x.size());
  if (x.size() < 2) {
    return {kNaN, kNaN, kNaN};
  }
  const Vector u = UnitDeviation(x);
  const Vector v = UnitDeviation(y);
  if (u.size() == 0 || v.size() == 0) {
    return {kNaN, kNaN, kNaN};
  }
  const double r = std::clamp(u.dot(v), -1.0, 1.0);
  if (x.size() == 2) {
    return {r < 0 ? -1.0 : 1.0, 1, kNaN};
  }
  // 1 - |r| as |u -+ v|^2 / 2 keeps its digits where r is close to +-1.
  const double gap =
      (r < 0 ? (u + v).squaredNorm() : (u - v).squaredNorm()) / 2;
  const double t = r * std::sqrt((n - 2) / (gap * (1 + std::abs(r))));
  return {r, TwoSidedP(t, n - 2), t};
}

absl::StatusOr<Correlation> SpearmanCorrelation(
    const Eigen::Ref<const Vector>& x,
    const Eigen::Ref<const Vector>& y,
    const Execution& execution) {
  MODBOUND_ASSIGN_OR_RETURN(const Vector x_ranks,
                            AverageRanks(x, ForPart(execution, "first")));
  MODBOUND_ASSIGN_OR_RETURN(const Vector y_ranks,
                            AverageRanks(y, ForPart(execution, "second")));
  return PearsonCorrelation(x_ranks, y_ranks);
}

Vector UpperTriangle(const Matrix& matrix) {
  const Eigen::Index n = matrix.rows();
  Vector triangle(n * (n - 1) / 2);
  Eigen::Index at = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    const Eigen::Index count = n - 1 - i;
    triangle.segment(at, count) = matrix.row(i).tail(count).transpose();
    at += count;
  }
  return triangle;
}

Vector UpperTriangle(const Matrix& matrix, const std::vector<int64_t>& units) {
  const auto n = static_cast<Eigen::Index>(units.size());
  Vector triangle(n * (n - 1) / 2);
  Eigen::Index at = 0;
  for (std::size_t i = 0; i < units.size(); ++i) {
    for (std::size_t j = i + 1; j < units.size(); ++j) {
      triangle[at++] = matrix(units[i], units[j]);
    }
  }
  return triangle;
}

}  // namespace modbound
