#include "core/modules/quality_input.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/base/parallel.h"
#include "core/modules/labels.h"

namespace modbound {
namespace {

// Rows and columns of a tile of pairs.
constexpr int64_t kPairTile = 64;

// Calls visit(i, j) for every i < j, first <= i < first + count, tile by tile.
// Errors: kCancelled.
template <typename Visit>
absl::Status ForPairsOfRows(int64_t first,
                            int64_t count,
                            int64_t n,
                            const Execution& execution,
                            const Visit& visit) {
  for (int64_t tile = first; tile < n; tile += kPairTile) {
    if (execution.stopped()) {
      return StoppedError();
    }
    for (int64_t i = first; i < first + count; ++i) {
      for (int64_t j = std::max(i + 1, tile); j < std::min(n, tile + kPairTile);
           ++j) {
        visit(i, j);
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
      const double value = weights(i / weights.cols(), i % weights.cols());
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
  // Of each block of rows, then of all in their order.
  struct Worst {
    double difference = 0;
    std::pair<int64_t, int64_t> at;
  };
  const int64_t n = matrix.rows();
  std::vector<Worst> of_blocks(
      static_cast<std::size_t>((n + kPairTile - 1) / kPairTile));
  MODBOUND_RETURN_IF_ERROR(ParallelForBlocks(
      n, kPairTile, execution, [&](int64_t first, int64_t count) {
        Worst& worst = of_blocks[static_cast<std::size_t>(first / kPairTile)];
        return ForPairsOfRows(
            first, count, n, execution, [&](int64_t i, int64_t j) {
              const double difference =
                  std::abs(double{matrix(i, j)} - double{matrix(j, i)});
              if (difference > worst.difference) {
                worst = {difference, {i, j}};
              }
            });
      }));
  const Worst worst = *std::max_element(
      of_blocks.begin(), of_blocks.end(), [](const Worst& a, const Worst& b) {
        return a.difference < b.difference;
      });
  const double allowed = 64 * epsilon * matrix.cwiseAbs().maxCoeff();
  if (worst.difference <= allowed) {
    return absl::OkStatus();
  }
  const std::string name(field);
  return Refuse(reason::kNotSymmetric,
                field,
                absl::StrCat(name,
                             " is not symmetric: elements (",
                             worst.at.first,
                             ", ",
                             worst.at.second,
                             ") and its mirror differ by ",
                             worst.difference,
                             ", allowed ",
                             allowed,
                             "; set directed to use (W + W')/2"));
}

template <typename AnyMatrix>
absl::Status CheckMatrix(const AnyMatrix& matrix,
                         Eigen::Index n,
                         const QualityOptions& options,
                         const std::string& field,
                         const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckSquare(matrix, n, field));
  MODBOUND_RETURN_IF_ERROR(CheckFinite(matrix, field));
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

absl::Status CheckNull(Eigen::Index n,
                       const QualityOptions& options,
                       const Matrix* null_matrix,
                       const Execution& execution) {
  if (options.function != QualityFunction::kCustom) {
    return absl::OkStatus();
  }
  if (null_matrix == nullptr) {
    return Refuse(reason::kMissingField,
                  "null_matrix",
                  "CUSTOM needs the input null_matrix");
  }
  return CheckMatrix(*null_matrix, n, options, "null_matrix", execution);
}

template <typename Scalar>
absl::Status SymmetriseValues(Scalar* values,
                              int64_t n,
                              const Execution& execution) {
  return ParallelForBlocks(
      n, kPairTile, execution, [=, &execution](int64_t first, int64_t count) {
        return ForPairsOfRows(
            first, count, n, execution, [=](int64_t i, int64_t j) {
              Scalar& upper = values[i * n + j];
              Scalar& lower = values[j * n + i];
              if (upper != lower) {
                // Halved first: the sum of two large values might overflow.
                upper = lower = Scalar{0.5} * upper + Scalar{0.5} * lower;
              }
            });
      });
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
  return SymmetriseValues(matrix.data(), matrix.rows(), execution);
}

absl::Status SymmetriseInPlace(double* values,
                               int64_t n,
                               const Execution& execution) {
  return SymmetriseValues(values, n, execution);
}

absl::Status SymmetriseInPlace(float* values,
                               int64_t n,
                               const Execution& execution) {
  return SymmetriseValues(values, n, execution);
}

absl::Status CheckQualityInput(const Eigen::Ref<const Matrix>& weights,
                               const QualityOptions& options,
                               const Matrix* null_matrix,
                               const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckWeightsFor(weights, options, execution));
  return CheckNull(weights.rows(), options, null_matrix, execution);
}

absl::Status CheckQualityInput(const Eigen::Ref<const FloatMatrix>& weights,
                               const QualityOptions& options,
                               const Matrix* /*null_matrix*/,
                               const Execution& execution) {
  if (options.function == QualityFunction::kCustom) {
    return Refuse(reason::kOutOfRange,
                  "quality",
                  "quality is CUSTOM, which takes no weights in float32");
  }
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
