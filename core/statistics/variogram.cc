#include "core/statistics/variogram.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace modbound {
namespace {

// Pairs after which a stop is looked for.
constexpr int64_t kStopPairs = 1024;

// The p-th percentile with linear interpolation between order statistics.
double Percentile(std::vector<double> values, double p) {
  const double at = p / 100 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(values.begin(), middle, values.end());
  const double low = *middle;
  const double share = at - static_cast<double>(below);
  if (share == 0) {
    return low;
  }
  const double high = *std::min_element(middle + 1, values.end());
  return low + share * (high - low);
}

}  // namespace

absl::StatusOr<Variogram> Variogram::Make(std::vector<NodePair> pairs,
                                          double percentile,
                                          int64_t bins,
                                          const std::string& field) {
  Variogram variogram;
  double low = 0;
  double high = 0;
  if (!pairs.empty()) {
    std::vector<double> distances;
    distances.reserve(pairs.size());
    for (const NodePair& pair : pairs) {
      distances.push_back(pair.distance);
    }
    const double bound = Percentile(std::move(distances), percentile);
    pairs.erase(std::remove_if(pairs.begin(),
                               pairs.end(),
                               [bound](const NodePair& pair) {
                                 return !(pair.distance < bound);
                               }),
                pairs.end());
    pairs.shrink_to_fit();
  }
  if (!pairs.empty()) {
    const auto [least, largest] = std::minmax_element(
        pairs.begin(), pairs.end(), [](const NodePair& x, const NodePair& y) {
          return x.distance < y.distance;
        });
    low = least->distance;
    high = largest->distance;
  }
  variogram.bandwidth_ = 3 * ((high - low) / static_cast<double>(bins - 1));
  if (!(variogram.bandwidth_ > 0)) {
    return Refuse(
        reason::kDegenerate,
        field,
        absl::StrCat(field,
                     " gives fewer than two different distances below "
                     "percentile ",
                     percentile,
                     ": no variogram"));
  }
  variogram.h_ = Vector::LinSpaced(bins, low, high);
  variogram.pairs_ = std::move(pairs);
  return variogram;
}

Eigen::ArrayXd Variogram::Weights(double distance) const {
  return (-0.5 * (2.68 * ((distance - h_.array()) / bandwidth_)).square())
      .exp();
}

absl::StatusOr<Matrix> Variogram::Of(const Matrix& maps,
                                     const Execution& execution) const {
  Matrix gamma = Matrix::Zero(h_.size(), maps.cols());
  Eigen::ArrayXd total = Eigen::ArrayXd::Zero(h_.size());
  Eigen::RowVectorXd v(maps.cols());
  int64_t until_stop = kStopPairs;
  for (const NodePair& pair : pairs_) {
    if (--until_stop == 0) {
      if (execution.stopped()) {
        return StoppedError();
      }
      until_stop = kStopPairs;
    }
    const Eigen::ArrayXd weights = Weights(pair.distance);
    total += weights;
    v = 0.5 * (maps.row(pair.a) - maps.row(pair.b)).array().square();
    for (Eigen::Index h = 0; h < h_.size(); ++h) {
      gamma.row(h) += weights[h] * v;
    }
  }
  for (Eigen::Index h = 0; h < h_.size(); ++h) {
    gamma.row(h) /= total[h];
  }
  return gamma;
}

}  // namespace modbound
