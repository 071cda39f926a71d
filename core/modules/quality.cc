#include "core/modules/quality.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/modules/dense_weights.h"
#include "core/modules/labels.h"
#include "core/modules/quality_input.h"

namespace modbound {
namespace {

// Quotient, 0 where there is nothing to divide by.
double Share(double numerator, double total) {
  return total == 0 ? 0 : numerator / total;
}

// Largest |weight| up to this power of two, and down to its inverse, leave the
// sum of N^2 weights and the product of two such sums far inside the range of
// double.
constexpr int kSafeExponent = 256;

double LargestOf(const Matrix& weights) {
  return weights.size() == 0 ? 0 : weights.cwiseAbs().maxCoeff();
}

// Divides by a power of two, which changes no digits, unless the weights are of
// a safe size. Result: its exponent.
int ScaleInPlace(Matrix& weights) {
  const double largest = LargestOf(weights);
  const int exponent = largest == 0 ? 0 : std::ilogb(largest);
  if (std::abs(exponent) <= kSafeExponent) {
    return 0;
  }
  // In two steps: for subnormal weights the factor itself would overflow.
  const int half = exponent / 2;
  weights *= std::ldexp(1.0, -half);
  weights *= std::ldexp(1.0, half - exponent);
  return exponent;
}

struct Strengths {
  Vector plus;
  Vector minus;
  double total_plus = 0;
  double total_minus = 0;
};

Strengths SignedStrengths(const Matrix& weights) {
  Strengths strengths{Vector(weights.rows()), Vector(weights.rows())};
  for (Eigen::Index i = 0; i < weights.rows(); ++i) {
    strengths.plus[i] = weights.row(i).cwiseMax(0.0).sum();
    strengths.minus[i] = -weights.row(i).cwiseMin(0.0).sum();
  }
  strengths.total_plus = strengths.plus.sum();
  strengths.total_minus = strengths.minus.sum();
  return strengths;
}

// B+ and B- terms of the two signed functions and of kModularity, whose W- is
// empty.
ModularityProblem SignedProblem(Matrix weights, const QualityOptions& options) {
  ScaleInPlace(weights);
  Strengths k = SignedStrengths(weights);
  const double both = Share(1, k.total_plus + k.total_minus);
  const double a = options.function == QualityFunction::kNegativeAsym
                       ? Share(1, k.total_plus)
                       : both;
  for (Eigen::Index i = 0; i < weights.rows(); ++i) {
    auto row = weights.row(i).array();
    row = row.max(0.0) * a + row.min(0.0) * both;
  }
  return ModularityProblem(std::move(weights),
                           std::move(k.plus),
                           Share(options.gamma * a, k.total_plus),
                           std::move(k.minus),
                           Share(options.gamma * both, k.total_minus),
                           1);
}

// share: 1/s.
ModularityProblem PottsProblem(Matrix weights, double gamma, double share) {
  const Eigen::Index n = weights.rows();
  for (Eigen::Index i = 0; i < n; ++i) {
    auto row = weights.row(i).array();
    row = (row == 0).select(-gamma * share, row * share).eval();
  }
  // Only now: W of 0 and 1 would not stay binary.
  SymmetriseInPlace(weights).IgnoreError();  // nothing stops it
  return ModularityProblem(
      std::move(weights), Vector::Zero(n), 0, Vector::Zero(n), 0, 1);
}

ModularityProblem UniformProblem(Matrix weights,
                                 const QualityOptions& options) {
  const Eigen::Index n = weights.rows();
  const int exponent = ScaleInPlace(weights);
  const double share = Share(1, weights.cwiseAbs().sum());
  weights *= share;
  return ModularityProblem(std::move(weights),
                           Vector::Ones(n),
                           std::ldexp(options.gamma * share, -exponent),
                           Vector::Zero(n),
                           0,
                           1);
}

ModularityProblem CustomProblem(Matrix weights,
                                const QualityOptions& options,
                                const Matrix& null_matrix) {
  const Eigen::Index n = weights.rows();
  weights -= options.gamma * null_matrix;
  const double scale = weights.cwiseAbs().sum();
  return ModularityProblem(
      std::move(weights), Vector::Zero(n), 0, Vector::Zero(n), 0, scale);
}

}  // namespace

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
  if (!options.keep_diagonal) {
    weights.diagonal().setZero();
  }
  const double largest = LargestOf(weights);
  if (options.function != QualityFunction::kPotts) {
    MODBOUND_RETURN_IF_ERROR(SymmetriseInPlace(weights, execution));
  }
  ModularityProblem problem =
      Transform(std::move(weights), options, null_matrix);
  if (execution.stopped()) {
    return StoppedError();
  }
  if (problem.IsFinite()) {
    return problem;
  }
  return Refuse(
      reason::kOutOfRange,
      "matrix",
      absl::StrCat("matrix has no finite quality: weights of up to ",
                   largest,
                   " are too large, too small or too unlike for gamma ",
                   options.gamma));
}

ModularityProblem ModularityProblem::Transform(Matrix weights,
                                               const QualityOptions& options,
                                               const Matrix* null_matrix) {
  if (options.function == QualityFunction::kPotts) {
    const double share = Share(1, weights.sum());
    ModularityProblem problem =
        PottsProblem(std::move(weights), options.gamma, share);
    problem.zero_unit_ = -options.gamma * share;
    return problem;
  }
  if (options.function == QualityFunction::kUniform) {
    ModularityProblem problem = UniformProblem(std::move(weights), options);
    problem.zero_unit_ = -problem.c_plus_;
    return problem;
  }
  if (options.function == QualityFunction::kCustom) {
    Matrix symmetric_null = *null_matrix;
    SymmetriseInPlace(symmetric_null).IgnoreError();  // nothing stops it
    return CustomProblem(std::move(weights), options, symmetric_null);
  }
  return SignedProblem(std::move(weights), options);
}

bool ModularityProblem::IsFinite() const {
  const double plus = k_plus_.sum();
  const double minus = k_minus_.sum();
  return std::isfinite(c_plus_ * plus * plus) &&
         std::isfinite(c_minus_ * minus * minus) && std::isfinite(scale_);
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
