#ifndef MODBOUND_CORE_STATISTICS_NODE_DISTANCES_H_
#define MODBOUND_CORE_STATISTICS_NODE_DISTANCES_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "core/base/matrix.h"

namespace modbound {

// Distances between n nodes, a row at a time: taken from a matrix or computed
// from coordinates, so that n x n of them need not be stored.
// Threads: reading is safe from all.
class NodeDistances {
 public:
  // Those of the nodes `units` of `distances` (all x all; finite, >= 0, up to
  // rounding symmetric; the diagonal is not looked at), which must outlive it.
  static NodeDistances OfMatrix(const Matrix& distances,
                                std::vector<int64_t> units);
  // Euclidean, of the rows `units` of `coordinates` (all x D): see
  // CheckCoordinates.
  static NodeDistances OfCoordinates(const Matrix& coordinates,
                                     const std::vector<int64_t>& units);

  int64_t size() const { return n_; }
  // What they come from, for errors: "distances" or "coordinates".
  const char* field() const {
    return matrix_ != nullptr ? "distances" : "coordinates";
  }

  // row[j] = distance of nodes i and j, n of them.
  void Row(int64_t i, Vector& row) const;

 private:
  int64_t n_ = 0;
  const Matrix* matrix_ = nullptr;
  std::vector<int64_t> units_;
  Matrix axes_;  // D x n: coordinates of one axis in one row
};

// NOT_FINITE for "coordinates"; OUT_OF_RANGE for one beyond +-1e150, whose
// squares no double holds.
absl::Status CheckCoordinates(const Matrix& coordinates);

}  // namespace modbound

#endif  // MODBOUND_CORE_STATISTICS_NODE_DISTANCES_H_
