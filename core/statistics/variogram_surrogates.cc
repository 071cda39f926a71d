#include "core/statistics/variogram_surrogates.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/random.h"

namespace modbound {
namespace {

// Neighbours that a node has: all others, or the nearest.
int64_t NeighboursOf(int64_t n, const VariogramOptions& options) {
  return n <= kMostFullNodes ? n - 1 : std::min(options.nearest, n - 1);
}

// k of each delta.
std::vector<int64_t> SmoothedOver(int64_t n, const VariogramOptions& options) {
  const int64_t most = NeighboursOf(n, options);
  const int64_t all = n <= kMostFullNodes ? n : most;
  std::vector<int64_t> counts;
  for (const double delta : options.deltas) {
    // .7 of 10 is 7, whatever .7 is in binary.
    const double share = delta * static_cast<double>(all);
    counts.push_back(
        std::min(most, static_cast<int64_t>(std::floor(share + 1e-9))));
  }
  return counts;
}

absl::StatusOr<std::vector<NodePair>> AllPairs(const NodeDistances& distances,
                                               const Execution& execution) {
  const int64_t n = distances.size();
  std::vector<NodePair> pairs;
  pairs.reserve(n * (n - 1) / 2);
  Vector row;
  for (int64_t i = 0; i < n; ++i) {
    if (execution.stopped()) {
      return StoppedError();
    }
    distances.Row(i, row);
    for (int64_t j = i + 1; j < n; ++j) {
      pairs.push_back(
          {static_cast<int32_t>(i), static_cast<int32_t>(j), row[j]});
    }
  }
  return pairs;
}

// Of kMostFullNodes nodes with their neighbours.
absl::StatusOr<std::vector<NodePair>> SampledPairs(
    const NodeDistances& distances,
    const NeighbourTable& neighbours,
    uint64_t seed,
    const Execution& execution) {
  std::vector<int32_t> nodes(distances.size());
  std::iota(nodes.begin(), nodes.end(), 0);
  RandomStream(seed, RandomPurpose::kVariogramNodes, 0).Shuffle(nodes);
  nodes.resize(kMostFullNodes);
  std::sort(nodes.begin(), nodes.end());
  std::vector<NodePair> pairs;
  pairs.reserve(kMostFullNodes * neighbours.count());
  Vector row;
  NearNodes near;
  for (const int32_t node : nodes) {
    if (execution.stopped()) {
      return StoppedError();
    }
    distances.Row(node, row);
    neighbours.Nearest(node, neighbours.count(), near);
    for (const int32_t other : near.index) {
      pairs.push_back({node, other, row[other]});
    }
  }
  return pairs;
}

// Pairs of which a variogram is made.
double NumPairsOf(int64_t n, const VariogramOptions& options) {
  const auto nodes = static_cast<double>(n);
  return n <= kMostFullNodes
             ? nodes * (nodes - 1) / 2
             : static_cast<double>(kMostFullNodes) *
                   static_cast<double>(NeighboursOf(n, options));
}

double KeptPairBytes(int64_t n, const VariogramOptions& options) {
  return NumPairsOf(n, options) * options.percentile / 100 * sizeof(NodePair);
}

VariogramFit FitVariogram(const Eigen::Ref<const Vector>& target,
                          const Eigen::Ref<const Vector>& smoothed) {
  const double x_mean = smoothed.mean();
  const double y_mean = target.mean();
  const Vector x = smoothed.array() - x_mean;
  const Vector y = target.array() - y_mean;
  VariogramFit fit;
  const double xx = x.squaredNorm();
  fit.beta = xx > 0 ? x.dot(y) / xx : 0;
  fit.alpha = y_mean - fit.beta * x_mean;
  fit.residual = (y - fit.beta * x).squaredNorm();
  return fit;
}

absl::Status BadOption(const std::string& field,
                       double value,
                       const std::string& allowed) {
  return Refuse(reason::kOutOfRange,
                field,
                absl::StrCat(field, " is ", value, "; allowed: ", allowed));
}

}  // namespace

absl::Status VariogramOptions::Validate() const {
  if (!(percentile > 0 && percentile <= 100)) {
    return BadOption("percentile", percentile, "above 0, at most 100");
  }
  if (bins < 3 || bins > 80) {
    return BadOption("bins", static_cast<double>(bins), "3 to 80");
  }
  if (deltas.empty()) {
    return Refuse(reason::kMissingField, "deltas", "deltas is empty");
  }
  for (const double delta : deltas) {
    if (!(delta > 0 && delta <= 1)) {
      return BadOption("deltas", delta, "above 0, at most 1");
    }
  }
  if (nearest < 1) {
    return BadOption("nearest", static_cast<double>(nearest), "at least 1");
  }
  return absl::OkStatus();
}

absl::Status VariogramSurrogates::CheckNodes(int64_t n,
                                             const VariogramOptions& options,
                                             const std::string& field) {
  const double least =
      *std::min_element(options.deltas.begin(), options.deltas.end());
  const std::vector<int64_t> counts = SmoothedOver(n, options);
  if (n > 1 && *std::min_element(counts.begin(), counts.end()) > 0) {
    return absl::OkStatus();
  }
  if (n > kMostFullNodes) {
    return Refuse(reason::kOutOfRange,
                  "nearest",
                  absl::StrCat("nearest is ",
                               options.nearest,
                               "; too few for a delta of ",
                               least,
                               ", which smooths over none of them"));
  }
  return Refuse(reason::kDegenerate,
                field,
                absl::StrCat(field,
                             " is of ",
                             n,
                             " units with a label; too few for a delta of ",
                             least,
                             ", which smooths over none of them"));
}

VariogramSurrogates::VariogramSurrogates(NeighbourTable neighbours,
                                         Variogram variogram,
                                         std::vector<int64_t> smoothed_over)
    : neighbours_(std::move(neighbours)),
      variogram_(std::move(variogram)),
      smoothed_over_(std::move(smoothed_over)) {}

absl::StatusOr<VariogramSurrogates> VariogramSurrogates::Make(
    const NodeDistances& distances,
    const VariogramOptions& options,
    uint64_t seed,
    const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(options.Validate());
  const int64_t n = distances.size();
  std::vector<int64_t> smoothed_over = SmoothedOver(n, options);
  MODBOUND_RETURN_IF_ERROR(CheckNodes(n, options, distances.field()));
  const bool is_full = n <= kMostFullNodes;
  // The variogram of sampled pairs is over all neighbours, smoothing is not.
  MODBOUND_ASSIGN_OR_RETURN(
      NeighbourTable neighbours,
      NeighbourTable::Make(distances,
                           is_full ? *std::max_element(smoothed_over.begin(),
                                                       smoothed_over.end())
                                   : NeighboursOf(n, options),
                           execution));
  MODBOUND_ASSIGN_OR_RETURN(
      std::vector<NodePair> pairs,
      is_full ? AllPairs(distances, execution)
              : SampledPairs(distances, neighbours, seed, execution));
  MODBOUND_ASSIGN_OR_RETURN(Variogram variogram,
                            Variogram::Make(std::move(pairs),
                                            options.percentile,
                                            options.bins,
                                            distances.field()));
  return VariogramSurrogates(
      std::move(neighbours), std::move(variogram), std::move(smoothed_over));
}

absl::StatusOr<Matrix> VariogramSurrogates::Smooth(
    const Matrix& permuted, const Execution& execution) const {
  const auto deltas = static_cast<Eigen::Index>(smoothed_over_.size());
  const Eigen::Index maps = permuted.cols();
  Matrix smoothed(permuted.rows(), deltas * maps);
  const int64_t most =
      *std::max_element(smoothed_over_.begin(), smoothed_over_.end());
  Eigen::RowVectorXd sum(maps);
  Eigen::ArrayXd weights;
  NearNodes near;
  for (Eigen::Index i = 0; i < permuted.rows(); ++i) {
    if (execution.stopped()) {
      return StoppedError();
    }
    neighbours_.Nearest(i, most, near);
    for (Eigen::Index delta = 0; delta < deltas; ++delta) {
      const int64_t k = smoothed_over_[delta];
      const double farthest = near.share[k - 1];
      // Nodes in one place count alike.
      weights = (near.share.head(k) / -(farthest == 0 ? 1 : farthest)).exp();
      sum.setZero();
      for (int64_t j = 0; j < k; ++j) {
        sum += weights[j] * permuted.row(near.index[j]);
      }
      smoothed.row(i).segment(delta * maps, maps) = sum / weights.sum();
    }
  }
  return smoothed;
}

absl::StatusOr<SurrogateMaps> VariogramSurrogates::Of(
    const Matrix& targets,
    const Matrix& permuted,
    const Matrix& noise,
    const Execution& execution) const {
  const Eigen::Index maps = targets.cols();
  const auto deltas = static_cast<int64_t>(smoothed_over_.size());
  MODBOUND_ASSIGN_OR_RETURN(const Matrix smoothed, Smooth(permuted, execution));
  // All at once: most of a variogram's cost is shared by its maps.
  Matrix all(targets.rows(), maps + smoothed.cols());
  all << targets, smoothed;
  MODBOUND_ASSIGN_OR_RETURN(const Matrix gamma, variogram_.Of(all, execution));
  SurrogateMaps surrogates;
  surrogates.maps.resize(targets.rows(), maps);
  for (Eigen::Index b = 0; b < maps; ++b) {
    std::vector<VariogramFit> fits;
    for (int64_t delta = 0; delta < deltas; ++delta) {
      fits.push_back(
          FitVariogram(gamma.col(b), gamma.col(maps + delta * maps + b)));
    }
    const auto best =
        std::min_element(fits.begin(),
                         fits.end(),
                         [](const VariogramFit& x, const VariogramFit& y) {
                           return x.residual < y.residual;
                         });
    const int64_t best_delta = best - fits.begin();
    Vector map =
        std::sqrt(std::abs(best->beta)) * smoothed.col(best_delta * maps + b) +
        std::sqrt(std::abs(best->alpha)) * noise.col(b);
    map.array() -= map.mean();
    surrogates.maps.col(b) = map;
    surrogates.best_delta.push_back(best_delta);
    surrogates.fits.push_back(std::move(fits));
  }
  return surrogates;
}

double VariogramSurrogates::Bytes(int64_t n, const VariogramOptions& options) {
  const auto nodes = static_cast<double>(n);
  const auto neighbours = static_cast<double>(NeighboursOf(n, options));
  return 8 * nodes * (neighbours + 1) + KeptPairBytes(n, options);
}

double VariogramSurrogates::MakeBytes(int64_t n,
                                      const VariogramOptions& options) {
  // All pairs stand beside their distances alone before the percentile is
  // known, then beside a copy of those that are kept.
  const double all = NumPairsOf(n, options) * sizeof(NodePair);
  const double kept = KeptPairBytes(n, options);
  return std::max(1.5 * all - kept, all);
}

double VariogramSurrogates::WorkBytes(int64_t n,
                                      int64_t maps,
                                      const VariogramOptions& options) {
  const auto deltas = static_cast<double>(options.deltas.size());
  return 8 * static_cast<double>(n) * static_cast<double>(maps) *
         (5 + 2 * deltas);
}

Vector RankMatched(const Eigen::Ref<const Vector>& surrogate, Vector original) {
  std::vector<int32_t> order(surrogate.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t x, int32_t y) {
    return surrogate[x] < surrogate[y];
  });
  std::sort(original.begin(), original.end());
  Vector matched(surrogate.size());
  for (std::size_t k = 0; k < order.size(); ++k) {
    matched[order[k]] = original[static_cast<Eigen::Index>(k)];
  }
  return matched;
}

}  // namespace modbound
