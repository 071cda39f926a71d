#include "core/modules/quality_input.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/modules/labels.h"

namespace modbound {
namespace {

// Calls visit(i, j) for every i < j, tile by tile. Errors: kCancelled.
template <typename Visit>
absl::Status ForEachPair(Eigen::Index n,
                         const Execution& execution,
                         const Visit& visit) {
  constexpr Eigen::Index kTile = 64;
  for (Eigen::Index row_tile = 0; row_tile < n; row_tile += kTile) {
    if (execution.stopped()) {
      return StoppedError();
    }
    for (Eigen::Index column_tile = row_tile; column_tile < n;
         column_tile += kTile) {
      for (Eigen::Index i = row_tile; i < std::min(n, row_tile + kTile); ++i) {
        for (Eigen::Index j = std::max(i + 1, column_tile);
             j < std::min(n, column_tile + kTile);
             ++j) {
          visit(i, j);
        }
      }
    }
  }
  return absl::OkStatus();
}

template <typename AnyMatrix>
absl::Status CheckSquare(const AnyMatrix& matrix,
                         Eigen::Index n,
                         const std::string& field) {
  if (matrix.rows() == n && matrix.cols() == n) {
    return absl::OkStatus();
  }
  return Refuse(reason::kWrongShape,
                field,
                absl::StrCat(field,
                             " must be square with ",
                             n,
                             " rows, got ",
                             matrix.rows(),
                             " x ",
                             matrix.cols()));
}

template <typename AnyMatrix>
absl::Status CheckValues(const AnyMatrix& weights, QualityFunction function) {
  if (function == QualityFunction::kModularity && weights.size() > 0) {
    MODBOUND_RETURN_IF_ERROR(CheckNotNegative(weights.minCoeff()));
  }
  if (function == QualityFunction::kPotts) {
    for (Eigen::Index i = 0; i < weights.size(); ++i) {
      const double value = weights.data()[i];
      if (value != 0 && value != 1) {
        return Refuse(reason::kNotBinary,
                      "matrix",
                      absl::StrCat("POTTS needs weights of 0 and 1 only, "
                                   "found ",
                                   value,
                                   " at row-major index ",
                                   i));
      }
    }
  }
  return absl::OkStatus();
}

template <typename AnyMatrix>
absl::Status CheckSymmetry(const AnyMatrix& matrix,
                           double epsilon,
                           std::string_view field,
                           const Execution& execution) {
  if (matrix.size() == 0) {
    return absl::OkStatus();
  }
  double worst = 0;
  std::pair<Eigen::Index, Eigen::Index> at;
  const auto look = [&](Eigen::Index i, Eigen::Index j) {
    const double difference =
        std::abs(double{matrix(i, j)} - double{matrix(j, i)});
    if (difference > worst) {
      worst = difference;
      at = {i, j};
    }
  };
  MODBOUND_RETURN_IF_ERROR(ForEachPair(matrix.rows(), execution, look));
  const double allowed = 64 * epsilon * matrix.cwiseAbs().maxCoeff();
  if (worst <= allowed) {
    return absl::OkStatus();
  }
  const std::string name(field);
  return Refuse(reason::kNotSymmetric,
                field,
                absl::StrCat(name,
                             " is not symmetric: elements (",
                             at.first,
                             ", ",
                             at.second,
                             ") and its mirror differ by ",
                             worst,
                             ", allowed ",
                             allowed,
                             "; set directed to use (W + W')/2"));
}

absl::Status CheckAllFinite(const Matrix& matrix, const std::string& field) {
  return CheckFinite(matrix, field);
}

absl::Status CheckAllFinite(const Eigen::Ref<const FloatMatrix>& matrix,
                            const std::string& field) {
  // A copy in float64 only to say what is wrong.
  return matrix.allFinite() ? absl::OkStatus()
                            : CheckFinite(matrix.cast<double>(), field);
}

template <typename AnyMatrix>
absl::Status CheckMatrix(const AnyMatrix& matrix,
                         Eigen::Index n,
                         const QualityOptions& options,
                         const std::string& field,
                         const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckSquare(matrix, n, field));
  MODBOUND_RETURN_IF_ERROR(CheckAllFinite(matrix, field));
  if (execution.stopped()) {
    return StoppedError();
  }
  return options.directed
             ? absl::OkStatus()
             : CheckSymmetry(matrix, options.epsilon, field, execution);
}

// Of the options and the weights alone.
template <typename AnyMatrix>
absl::Status CheckWeightsFor(const AnyMatrix& weights,
                             const QualityOptions& options,
                             const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckGamma(options.gamma));
  MODBOUND_RETURN_IF_ERROR(
      CheckMatrix(weights, weights.rows(), options, "matrix", execution));
  return CheckValues(weights, options.function);
}

}  // namespace

absl::Status CheckGamma(double gamma) {
  if (gamma > 0 && std::isfinite(gamma)) {
    return absl::OkStatus();
  }
  return Refuse(reason::kOutOfRange,
                "gamma",
                absl::StrCat("gamma is ", gamma, "; allowed: > 0"));
}

absl::Status CheckNotNegative(double smallest) {
  if (smallest >= 0) {
    return absl::OkStatus();
  }
  return Refuse(
      reason::kNegativeWeight,
      "matrix",
      absl::StrCat("MODULARITY is undefined for negative weights; the "
                   "smallest is ",
                   smallest,
                   "; use NEGATIVE_ASYM or NEGATIVE_SYM"));
}

absl::Status CheckSymmetric(const Matrix& matrix,
                            double epsilon,
                            std::string_view field,
                            const Execution& execution) {
  return CheckSymmetry(matrix, epsilon, field, execution);
}

absl::Status AsQualityError(const absl::Status& status) {
  const std::string why = ReasonOf(status);
  if (status.ok() || FieldOf(status) != "matrix" ||
      (why != reason::kNegativeWeight && why != reason::kNotBinary)) {
    return status;
  }
  return Refuse(why, "quality", std::string(status.message()));
}

absl::Status SymmetriseInPlace(Matrix& matrix, const Execution& execution) {
  return ForEachPair(
      matrix.rows(), execution, [&](Eigen::Index i, Eigen::Index j) {
        // Halved first: the sum of two large values might overflow.
        const double mean = matrix(i, j) == matrix(j, i)
                                ? matrix(i, j)
                                : 0.5 * matrix(i, j) + 0.5 * matrix(j, i);
        matrix(i, j) = matrix(j, i) = mean;
      });
}

absl::Status CheckQualityInput(const Matrix& weights,
                               const QualityOptions& options,
                               const Matrix* null_matrix,
                               const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckWeightsFor(weights, options, execution));
  if (options.function != QualityFunction::kCustom) {
    return absl::OkStatus();
  }
  if (null_matrix == nullptr) {
    return Refuse(reason::kMissingField,
                  "null_matrix",
                  "CUSTOM needs the input null_matrix");
  }
  return CheckMatrix(
      *null_matrix, weights.rows(), options, "null_matrix", execution);
}

absl::Status CheckFloatInput(const Eigen::Ref<const FloatMatrix>& weights,
                             const QualityOptions& options,
                             const Execution& execution) {
  return CheckWeightsFor(weights, options, execution);
}

absl::StatusOr<std::vector<int64_t>> CheckedUnits(const Labels& labels,
                                                  int64_t n) {
  MODBOUND_RETURN_IF_ERROR(CheckLabels(labels, n, "labels"));
  std::vector<int64_t> units = LabelledUnits(labels);
  if (units.empty()) {
    return Refuse(reason::kDegenerate,
                  "labels",
                  "labels exclude every unit: there is nothing to evaluate");
  }
  return units;
}

absl::StatusOr<LabelledProblem> MakeLabelledProblem(
    const Matrix& weights,
    const Labels& labels,
    const QualityOptions& options,
    const Matrix* null_matrix,
    const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckSquare(weights, weights.rows(), "matrix"));
  MODBOUND_ASSIGN_OR_RETURN(std::vector<int64_t> units,
                            CheckedUnits(labels, weights.rows()));
  // The values of units left out may be anything: they are cut off first.
  const bool all = units.size() == labels.size();
  Matrix null;
  const bool has_null =
      options.function == QualityFunction::kCustom && null_matrix != nullptr;
  if (has_null) {
    MODBOUND_RETURN_IF_ERROR(
        CheckSquare(*null_matrix, weights.rows(), "null_matrix"));
    null = all ? *null_matrix : RestrictMatrix(*null_matrix, units);
  }
  MODBOUND_ASSIGN_OR_RETURN(
      ModularityProblem problem,
      ModularityProblem::Make(all ? weights : RestrictMatrix(weights, units),
                              options,
                              has_null ? &null : nullptr,
                              execution));
  return LabelledProblem{std::move(problem),
                         CompactLabels(RestrictLabels(labels, units)),
                         std::move(units)};
}

}  // namespace modbound
