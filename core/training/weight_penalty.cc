#include "core/training/weight_penalty.h"

#include "core/training/unit_distances.h"

namespace modbound {
namespace {

template <typename Scalar>
typename Parameters<Scalar>::Dense CostsOf(const Regularization& regularization,
                                           int64_t units) {
  if (regularization.spatial_cost <= 0) {
    return {};
  }
  Matrix costs = regularization.distances;
  if (costs.size() == 0) {
    costs =
        Distances(regularization.positions.size() > 0 ? regularization.positions
                                                      : GridPositions(units));
  }
  costs.array() *= regularization.spatial_cost;
  costs.array() += regularization.connection_cost;
  return costs.cast<Scalar>();
}

// l2/2 sum w^2 of one array, column by column: sums of floats stay short.
template <typename Map>
double AddSquares(double l2, const Map& weights, Map gradient) {
  using Scalar = typename Map::Scalar;
  double sum = 0;
  for (int64_t j = 0; j < weights.cols(); ++j) {
    sum += static_cast<double>(weights.col(j).squaredNorm());
    gradient.col(j) += static_cast<Scalar>(l2) * weights.col(j);
  }
  return l2 / 2 * sum;
}

}  // namespace

template <typename Scalar>
WeightPenalty<Scalar>::WeightPenalty(const Regularization& regularization,
                                     int64_t units)
    : l2_(regularization.l2),
      connection_cost_(regularization.connection_cost),
      costs_(CostsOf<Scalar>(regularization, units)) {}

template <typename Scalar>
double WeightPenalty<Scalar>::AddCosts(Parameters<Scalar>& parameters,
                                       Parameters<Scalar>& gradient) const {
  const auto weights = parameters.w_rec();
  auto slope = gradient.w_rec();
  const auto same = static_cast<Scalar>(connection_cost_);
  double sum = 0;
  for (int64_t j = 0; j < weights.cols(); ++j) {
    const auto column = weights.col(j);
    if (costs_.size() == 0) {
      sum +=
          connection_cost_ * static_cast<double>(column.template lpNorm<1>());
      slope.col(j).array() += same * column.array().sign();
    } else {
      const auto cost = costs_.col(j);
      sum += static_cast<double>(column.cwiseAbs().dot(cost));
      slope.col(j).array() += cost.array() * column.array().sign();
    }
  }
  return sum;
}

template <typename Scalar>
double WeightPenalty<Scalar>::Add(Parameters<Scalar>& parameters,
                                  Parameters<Scalar>& gradient) const {
  double penalty = 0;
  if (l2_ > 0) {
    penalty += AddSquares(l2_, parameters.w_in(), gradient.w_in());
    penalty += AddSquares(l2_, parameters.w_rec(), gradient.w_rec());
    penalty += AddSquares(l2_, parameters.w_out(), gradient.w_out());
  }
  if (connection_cost_ > 0 || costs_.size() > 0) {
    penalty += AddCosts(parameters, gradient);
  }
  return penalty;
}

template class WeightPenalty<float>;
template class WeightPenalty<double>;

}  // namespace modbound
