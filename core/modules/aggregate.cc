#include "core/modules/aggregate.h"

#include <utility>

#include "core/modules/quality_input.h"

namespace modbound {
namespace {

ModularityProblem MakeCoarse(const ModularityProblem& problem,
                             const Labels& labels,
                             Matrix weights) {
  Vector plus = Vector::Zero(weights.rows());
  Vector minus = Vector::Zero(weights.rows());
  for (Eigen::Index j = 0; j < problem.size(); ++j) {
    plus[labels[j]] += problem.k_plus()[j];
    minus[labels[j]] += problem.k_minus()[j];
  }
  // Two orders of the same additions: symmetric up to rounding only.
  SymmetriseInPlace(weights).IgnoreError();  // nothing stops it
  return ModularityProblem(std::move(weights),
                           std::move(plus),
                           problem.c_plus(),
                           std::move(minus),
                           problem.c_minus(),
                           problem.scale());
}

}  // namespace

ModularityProblem AggregateProblem(const ModularityProblem& problem,
                                   const Labels& labels,
                                   int64_t modules,
                                   const Execution& execution) {
  if (modules > kMaxSums) {
    return MakeCoarse(
        problem,
        labels,
        problem.weights().BetweenFromRows(labels, modules, execution));
  }
  Matrix sums = Matrix::Zero(modules, problem.weights().width());
  problem.weights().AddAddends(labels, execution, sums);
  return AggregateSums(problem, labels, modules, sums);
}

ModularityProblem AggregateSums(const ModularityProblem& problem,
                                const Labels& labels,
                                int64_t modules,
                                const Matrix& sums) {
  return MakeCoarse(
      problem, labels, problem.weights().Between(labels, modules, sums));
}

ModularityProblem RestrictProblem(const ModularityProblem& problem,
                                  const std::vector<int64_t>& nodes,
                                  const Execution& execution) {
  return ModularityProblem(problem.weights().Restrict(nodes, execution),
                           problem.k_plus()(nodes),
                           problem.c_plus(),
                           problem.k_minus()(nodes),
                           problem.c_minus(),
                           problem.scale());
}

}  // namespace modbound
