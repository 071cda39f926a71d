#include "core/modules/aggregate.h"

#include <utility>

#include "core/modules/labels.h"
#include "core/modules/quality_input.h"

namespace modbound {
namespace {

using Row = Eigen::Ref<Eigen::RowVectorXd>;

// sums[m] += sum of row[j] over the nodes j of label m.
void AddByLabel(const Eigen::Ref<const Eigen::RowVectorXd>& row,
                const Labels& labels,
                Row sums) {
  for (Eigen::Index j = 0; j < row.size(); ++j) {
    sums[labels[j]] += row[j];
  }
}

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

void AddLinks(const ModularityProblem& problem,
              const Labels& labels,
              Matrix& links) {
  for (Eigen::Index i = 0; i < problem.size(); ++i) {
    links.row(labels[i]) += problem.weights().row(i);
  }
}

ModularityProblem AggregateProblem(const ModularityProblem& problem,
                                   const Labels& labels,
                                   int64_t modules) {
  if (modules <= kMaxLinkRows) {
    Matrix links = Matrix::Zero(modules, problem.size());
    AddLinks(problem, labels, links);
    return AggregateLinks(problem, labels, modules, links);
  }
  Matrix weights = Matrix::Zero(modules, modules);
  for (Eigen::Index i = 0; i < problem.size(); ++i) {
    AddByLabel(problem.weights().row(i), labels, weights.row(labels[i]));
  }
  return MakeCoarse(problem, labels, std::move(weights));
}

ModularityProblem AggregateLinks(const ModularityProblem& problem,
                                 const Labels& labels,
                                 int64_t modules,
                                 const Matrix& links) {
  Matrix weights = Matrix::Zero(modules, modules);
  for (Eigen::Index m = 0; m < modules; ++m) {
    AddByLabel(links.row(m), labels, weights.row(m));
  }
  return MakeCoarse(problem, labels, std::move(weights));
}

ModularityProblem RestrictProblem(const ModularityProblem& problem,
                                  const std::vector<int64_t>& nodes) {
  return ModularityProblem(RestrictMatrix(problem.weights(), nodes),
                           problem.k_plus()(nodes),
                           problem.c_plus(),
                           problem.k_minus()(nodes),
                           problem.c_minus(),
                           problem.scale());
}

}  // namespace modbound
