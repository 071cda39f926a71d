#ifndef MODBOUND_CORE_STATISTICS_NEIGHBOURS_H_
#define MODBOUND_CORE_STATISTICS_NEIGHBOURS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/statistics/node_distances.h"

namespace modbound {

// Neighbours of one node, nearest first.
struct NearNodes {
  std::vector<int32_t> index;
  // Distances as shares of that of the node's last neighbour in the table; 0
  // when all are 0. Exact to 5e-13.
  Eigen::ArrayXd share;
};

// The nearest neighbours of each of n nodes, nearest first, equally near ones
// by index; a node is no neighbour of itself. 8 bytes a neighbour: 30,000 nodes
// with 1,000 each take 240 MB.
//
// Found by looking at all distances of a node, which needs no tree: for 1,000
// of 30,000 nodes in space the k-d trees that we tried are slower.
class NeighbourTable {
 public:
  // n < 2^24; count: neighbours a node, 1 ... n - 1. Cost: n^2, in parallel
  // over nodes. Threads: result independent of their number. Errors:
  // kCancelled.
  static absl::StatusOr<NeighbourTable> Make(const NodeDistances& distances,
                                             int64_t count,
                                             const Execution& execution);
  static int64_t Bytes(int64_t nodes, int64_t count) {
    return 8 * nodes * count;
  }

  int64_t size() const { return size_; }
  int64_t count() const { return count_; }

  // The nearest `count` <= count() of node i. `nodes` is overwritten: one
  // object for many nodes saves allocations.
  void Nearest(int64_t i, int64_t count, NearNodes& nodes) const;

 private:
  int64_t size_ = 0;
  int64_t count_ = 0;
  // Index in the lowest 24 bits, share in steps of 2^-40 above.
  std::vector<uint64_t> packed_;
};

}  // namespace modbound

#endif  // MODBOUND_CORE_STATISTICS_NEIGHBOURS_H_
