#ifndef MODBOUND_CORE_STATISTICS_VARIOGRAM_H_
#define MODBOUND_CORE_STATISTICS_VARIOGRAM_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"

namespace modbound {

// Two nodes and their distance.
struct NodePair {
  int32_t a = 0;
  int32_t b = 0;
  double distance = 0;
};

// Smoothed variogram of maps over nodes: how unlike the values of two nodes are
// at distance h,
//   gamma(h) = sum_pairs w v / sum_pairs w,
//   v = (x_a - x_b)^2 / 2,  w = exp(-(2.68 |u - h| / b)^2 / 2),
// u the distance of a pair, b = 3 (h_1 - h_0)  (Viladomat et al. 2014; Burt et
// al. 2020, eq. 5). Threads: reading is safe from all.
class Variogram {
 public:
  // pairs: some pairs of different nodes; those count whose distance is below
  // the given percentile of all of theirs (linear interpolation), percentile in
  // (0, 100]. bins: distances h, evenly spaced from the least to the largest u,
  // 2 ... 80: of more, one in the middle of a gap in u could find every weight
  // 0 (exp(-(2.68 x 39.5 / 3)^2 / 2) is 1e-271). Errors: DEGENERATE for
  // `field` when fewer than two different distances are left.
  static absl::StatusOr<Variogram> Make(std::vector<NodePair> pairs,
                                        double percentile,
                                        int64_t bins,
                                        const std::string& field);

  const Vector& h() const { return h_; }
  double bandwidth() const { return bandwidth_; }

  // gamma at each h (bins x M) of each of M maps (nodes x M; each column the
  // same whatever the others are). Cost: bins x pairs x (M + an exponential).
  // Errors: kCancelled.
  absl::StatusOr<Matrix> Of(const Matrix& maps,
                            const Execution& execution) const;

 private:
  // Of one pair, at each h.
  Eigen::ArrayXd Weights(double distance) const;

  std::vector<NodePair> pairs_;
  Vector h_;
  double bandwidth_ = 0;
};

}  // namespace modbound

#endif  // MODBOUND_CORE_STATISTICS_VARIOGRAM_H_
