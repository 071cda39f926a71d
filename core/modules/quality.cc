#include "core/modules/quality.h"

#include <memory>
#include <utility>

#include "core/base/error.h"
#include "core/modules/dense_weights.h"
#include "core/modules/labels.h"
#include "core/modules/quality_input.h"
#include "core/modules/stored_problem.h"

namespace modbound {

ModularityProblem::ModularityProblem(Matrix weights,
                                     Vector k_plus,
                                     double c_plus,
                                     Vector k_minus,
                                     double c_minus,
                                     double scale)
    : ModularityProblem(WeightsOf(std::move(weights)),
                        std::move(k_plus),
                        c_plus,
                        std::move(k_minus),
                        c_minus,
                        scale) {}

ModularityProblem::ModularityProblem(std::shared_ptr<const Weights> weights,
                                     Vector k_plus,
                                     double c_plus,
                                     Vector k_minus,
                                     double c_minus,
                                     double scale,
                                     double zero_unit)
    : weights_(std::move(weights)),
      k_plus_(std::move(k_plus)),
      k_minus_(std::move(k_minus)),
      c_plus_(c_plus),
      c_minus_(c_minus),
      scale_(scale),
      zero_unit_(zero_unit) {}

absl::StatusOr<ModularityProblem> ModularityProblem::Make(
    Matrix weights,
    const QualityOptions& options,
    const Matrix* null_matrix,
    const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(
      CheckQualityInput(weights, options, null_matrix, execution));
  return MakeOfChecked(std::move(weights), options, null_matrix, execution);
}

absl::StatusOr<ModularityProblem> ModularityProblem::MakeOfChecked(
    Matrix weights,
    const QualityOptions& options,
    const Matrix* null_matrix,
    const Execution& execution) {
  return ProblemOfStored(
      StoredWeightsOf(std::move(weights)), options, null_matrix, execution);
}

double ModularityProblem::NullTerm(const Labels& labels) const {
  const std::size_t modules = ModuleSizes(labels).size();
  std::vector<double> plus(modules, 0);
  std::vector<double> minus(modules, 0);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    plus[labels[i]] += k_plus_[static_cast<Eigen::Index>(i)];
    minus[labels[i]] += k_minus_[static_cast<Eigen::Index>(i)];
  }
  double term = 0;
  for (std::size_t m = 0; m < modules; ++m) {
    term += c_plus_ * plus[m] * plus[m] - c_minus_ * minus[m] * minus[m];
  }
  return term;
}

double ModularityProblem::Quality(const Labels& labels) const {
  return Qualities({labels}, Execution()).value()[0];
}

absl::StatusOr<std::vector<double>> ModularityProblem::Qualities(
    const std::vector<Labels>& batch, const Execution& execution) const {
  MODBOUND_ASSIGN_OR_RETURN(const std::vector<double> off_diagonal,
                            weights_->SumsWithin(batch, execution));
  const double trace = weights_->Trace();
  std::vector<double> qualities(batch.size());
  for (std::size_t b = 0; b < batch.size(); ++b) {
    qualities[b] = trace + 2 * off_diagonal[b] - NullTerm(batch[b]);
  }
  return qualities;
}

double ModularityProblem::MeanOverPermutations(
    const Labels& labels, const Execution& execution) const {
  const auto n = static_cast<double>(size());
  const double trace = weights_->Trace() - c_plus_ * k_plus_.squaredNorm() +
                       c_minus_ * k_minus_.squaredNorm();
  if (size() < 2) {
    return trace;
  }
  const double plus = k_plus_.sum();
  const double minus = k_minus_.sum();
  const double all = weights_->Sum(execution) - c_plus_ * plus * plus +
                     c_minus_ * minus * minus;
  double pairs = 0;
  for (const int64_t size : ModuleSizes(labels)) {
    pairs += static_cast<double>(size) * static_cast<double>(size - 1);
  }
  return trace + (all - trace) * pairs / (n * (n - 1));
}

absl::StatusOr<double> Quality(const Matrix& weights,
                               const Labels& labels,
                               const QualityOptions& options,
                               const Matrix* null_matrix,
                               const Execution& execution) {
  MODBOUND_ASSIGN_OR_RETURN(
      LabelledProblem labelled,
      MakeLabelledProblem(weights, labels, options, null_matrix, execution));
  MODBOUND_ASSIGN_OR_RETURN(
      const std::vector<double> qualities,
      labelled.problem.Qualities({labelled.labels}, execution));
  return qualities[0];
}

}  // namespace modbound
