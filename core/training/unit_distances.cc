#include "core/training/unit_distances.h"

namespace modbound {

Matrix GridPositions(int64_t units) {
  int64_t a = 1;
  while (a * a * a < units) {
    ++a;
  }
  int64_t b = 1;
  while (a * b * b < units) {
    ++b;
  }
  Matrix positions(units, 3);
  for (int64_t i = 0; i < units; ++i) {
    const int64_t x = i % a;
    const int64_t y = i / a % b;
    const int64_t z = i / (a * b);
    positions.row(i) << static_cast<double>(x), static_cast<double>(y),
        static_cast<double>(z);
  }
  return positions;
}

Matrix Distances(const Matrix& positions) {
  const int64_t units = positions.rows();
  Matrix distances(units, units);
  for (int64_t i = 0; i < units; ++i) {
    for (int64_t j = 0; j < units; ++j) {
      distances(i, j) = (positions.row(i) - positions.row(j)).norm();
    }
  }
  return distances;
}

}  // namespace modbound
