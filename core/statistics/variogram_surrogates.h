#ifndef MODBOUND_CORE_STATISTICS_VARIOGRAM_SURROGATES_H_
#define MODBOUND_CORE_STATISTICS_VARIOGRAM_SURROGATES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/statistics/neighbours.h"
#include "core/statistics/node_distances.h"
#include "core/statistics/variogram.h"

namespace modbound {

struct VariogramOptions {
  // Pairs of nodes nearer than this percentile of all distances make the
  // variogram, (0, 100]: spatial autocorrelation is of near nodes.
  double percentile = 25;
  // Distances at which the variogram is taken, 3 ... 80 (two would be fitted
  // exactly by any surrogate).
  int64_t bins = 25;
  // Shares of its neighbours over which a node is smoothed, (0, 1] each; of
  // each surrogate the one is taken whose variogram fits best. Not empty.
  std::vector<double> deltas = {.1, .2, .3, .4, .5, .6, .7, .8, .9};
  // Above 4,096 nodes: neighbours that a node has, >= 1.
  int64_t nearest = 1000;

  // OUT_OF_RANGE for "percentile", "bins", "deltas", "nearest".
  absl::Status Validate() const;
};

// More nodes than this have `nearest` neighbours instead of all others, and the
// variogram is taken over the pairs that so many of them, drawn at random, make
// with their neighbours.
inline constexpr int64_t kMostFullNodes = 4096;

// gamma ~ alpha + beta gamma_smoothed by least squares.
struct VariogramFit {
  double alpha = 0;
  double beta = 0;      // 0 when gamma_smoothed is constant
  double residual = 0;  // sum of squares
};

// Surrogates of B maps.
struct SurrogateMaps {
  Matrix maps;                                  // n x B, mean 0
  std::vector<std::vector<VariogramFit>> fits;  // of each map, of each delta
  std::vector<int64_t> best_delta;  // index of the least residual, the first
};

// Makes maps that have the variogram of a given map, and are random otherwise
// (Burt et al. 2020, section 2.2; brainsmash's Base and, above kMostFullNodes
// nodes, Sampled): a permuted map is smoothed over the k = floor(delta n)
// nearest neighbours of each node (floor(delta `nearest`) above
// kMostFullNodes nodes; a node does not count among its own), weights exp(-d /
// d_k), d_k the distance of the farthest of the k; with the best delta's alpha
// and beta
//   surrogate = sqrt|beta| smoothed + sqrt|alpha| noise - their mean.
// Threads: reading is safe from all.
class VariogramSurrogates {
 public:
  // distances: n >= 2. seed: decides, above kMostFullNodes nodes, which of them
  // the variogram is of (kVariogramNodes). Cost: n^2 once. Errors: those of
  // Validate, of CheckNodes and of Variogram::Make, for distances.field();
  // kCancelled.
  static absl::StatusOr<VariogramSurrogates> Make(
      const NodeDistances& distances,
      const VariogramOptions& options,
      uint64_t seed,
      const Execution& execution);

  // DEGENERATE for `field` when the least delta smooths n nodes over no
  // neighbour, above kMostFullNodes nodes OUT_OF_RANGE for "nearest". Options
  // that are valid.
  static absl::Status CheckNodes(int64_t n,
                                 const VariogramOptions& options,
                                 const std::string& field);

  int64_t size() const { return neighbours_.size(); }
  const Variogram& variogram() const { return variogram_; }

  // targets, permuted, noise: n x B; column b of `permuted` has the values of
  // column b of `targets` in another order, noise is standard normal. Each
  // column of the result is the same whatever the others are. Cost: B (n sum_k
  // k
  // + bins pairs deltas). Errors: kCancelled.
  absl::StatusOr<SurrogateMaps> Of(const Matrix& targets,
                                   const Matrix& permuted,
                                   const Matrix& noise,
                                   const Execution& execution) const;

  // Estimate of the memory that one holds, that making one takes besides, and
  // that one call of Of works in.
  static double Bytes(int64_t n, const VariogramOptions& options);
  static double MakeBytes(int64_t n, const VariogramOptions& options);
  static double WorkBytes(int64_t n,
                          int64_t maps,
                          const VariogramOptions& options);

 private:
  VariogramSurrogates(NeighbourTable neighbours,
                      Variogram variogram,
                      std::vector<int64_t> smoothed_over);

  // n x (deltas B): columns of one delta side by side.
  absl::StatusOr<Matrix> Smooth(const Matrix& permuted,
                                const Execution& execution) const;

  NeighbourTable neighbours_;
  Variogram variogram_;
  std::vector<int64_t> smoothed_over_;  // neighbours for each delta
};

// The values of `original` in the order of `surrogate`: the k-th smallest value
// takes the place of the k-th smallest of the surrogate; equal ones by index.
Vector RankMatched(const Eigen::Ref<const Vector>& surrogate, Vector original);

}  // namespace modbound

#endif  // MODBOUND_CORE_STATISTICS_VARIOGRAM_SURROGATES_H_
