#include "core/modules/stored_problem.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/modules/chosen_units.h"
#include "core/modules/dense_weights.h"
#include "core/modules/labels.h"
#include "core/modules/quality_input.h"
#include "core/modules/quality_null.h"
#include "core/modules/row_sums.h"

namespace modbound {
namespace {

// Rows of one work item.
constexpr int64_t kStoredRows = 64;

template <typename Scalar>
Eigen::Map<RowMajorMatrix<Scalar>> MapOf(const StoredWeights<Scalar>& weights) {
  return {weights.values.get(), weights.size, weights.size};
}

// 1 for each unit with a value in its row or column. Reads a row up to its
// first value that is not 0: most begin with one. Then of each row the columns
// of the units without one.
template <typename Scalar>
absl::StatusOr<std::vector<uint8_t>> NonZeroUnits(
    const StoredWeights<Scalar>& weights, const Execution& execution) {
  const auto values = MapOf(weights);
  std::vector<uint8_t> flags(static_cast<std::size_t>(weights.size));
  std::vector<int64_t> empty;
  for (int64_t i = 0; i < weights.size; ++i) {
    if (execution.stopped()) {
      return StoppedError();
    }
    const auto row = values.row(i);
    flags[i] = std::any_of(
        row.begin(), row.end(), [](Scalar value) { return value != 0; });
    if (flags[i] == 0) {
      empty.push_back(i);
    }
  }
  for (int64_t i = 0; i < weights.size && !weights.symmetric; ++i) {
    if (execution.stopped()) {
      return StoppedError();
    }
    for (const int64_t j : empty) {
      flags[j] |= values(i, j) != 0 ? 1 : 0;
    }
  }
  return flags;
}

// Keeps the rows and columns `units` (rising), in place.
template <typename Scalar>
absl::Status KeepUnits(const std::vector<int64_t>& units,
                       const Execution& execution,
                       StoredWeights<Scalar>& weights) {
  Scalar* out = weights.values.get();
  for (const int64_t i : units) {
    if (execution.stopped()) {
      return StoppedError();
    }
    const Scalar* row = weights.values.get() + i * weights.size;
    for (const int64_t j : units) {
      *out++ = row[j];
    }
  }
  weights.size = static_cast<int64_t>(units.size());
  return absl::OkStatus();
}

template <typename Scalar>
absl::StatusOr<StrengthsBySign> StrengthsOf(
    const StoredWeights<Scalar>& weights, const Execution& execution) {
  const int64_t n = weights.size;
  StrengthsBySign strengths{Vector(n), Vector(n)};
  MODBOUND_RETURN_IF_ERROR(ParallelForBlocks(
      n, kStoredRows, execution, [&](int64_t first, int64_t count) {
        for (int64_t i = first; i < first + count; ++i) {
          const SignedSum sum = SumBySign(weights.values.get() + i * n, n);
          strengths.plus[i] = sum.plus;
          strengths.minus[i] = sum.minus;
        }
        return absl::OkStatus();
      }));
  return strengths;
}

// Sums of weights up to this power of two, and down to its inverse, leave the
// product of two of them far inside the range of double. Those of floats are.
constexpr int kSafeExponent = 300;

bool IsSafe(double total) {
  return total == 0 || (total > std::ldexp(1.0, -kSafeExponent) &&
                        total < std::ldexp(1.0, kSafeExponent));
}

// Divides by a power of two, which changes no digits, so that the largest
// |weight| is from 1 to 2. Result: its exponent.
int ScaleInPlace(Eigen::Ref<Matrix> weights) {
  const int exponent = std::ilogb(weights.cwiseAbs().maxCoeff());
  // In two steps: for subnormal weights the factor itself would overflow.
  const int half = exponent / 2;
  weights *= std::ldexp(1.0, -half);
  weights *= std::ldexp(1.0, half - exponent);
  return exponent;
}

// Strengths of the weights, divided by a power of two where their sums would
// leave the range of double.
template <typename Scalar>
absl::StatusOr<StrengthsBySign> SafeStrengthsOf(
    const StoredWeights<Scalar>& weights, const Execution& execution) {
  MODBOUND_ASSIGN_OR_RETURN(StrengthsBySign strengths,
                            StrengthsOf(weights, execution));
  if constexpr (std::is_same_v<Scalar, double>) {
    if (!IsSafe(strengths.plus.sum() + strengths.minus.sum())) {
      const int exponent = ScaleInPlace(MapOf(weights));
      MODBOUND_ASSIGN_OR_RETURN(strengths, StrengthsOf(weights, execution));
      strengths.exponent = exponent;
    }
  }
  return strengths;
}

// Writes w over W.
void WriteWeights(const SignScale& scale, int64_t count, double* values) {
  int64_t i = 0;
  for (; i + kWidth <= count; i += kWidth) {
    const Doubles scaled = Scaled(LoadFour<Doubles>(values + i), scale);
    std::memcpy(values + i, &scaled, sizeof scaled);
  }
  for (; i < count; ++i) {
    values[i] = Scaled(values[i], scale);
  }
}

absl::StatusOr<std::shared_ptr<const Weights>> MakeWeights(
    StoredWeights<double> weights,
    const SignScale& scale,
    const Execution& execution) {
  const int64_t n = weights.size;
  MODBOUND_RETURN_IF_ERROR(ParallelForBlocks(
      n, kStoredRows, execution, [&](int64_t first, int64_t count) {
        WriteWeights(scale, count * n, weights.values.get() + first * n);
        return absl::OkStatus();
      }));
  return std::make_shared<DenseWeights<double>>(std::move(weights.values), n);
}

// A w rounded to float would be another one.
absl::StatusOr<std::shared_ptr<const Weights>> MakeWeights(
    StoredWeights<float> weights,
    const SignScale& scale,
    const Execution& /*execution*/) {
  return std::make_shared<DenseWeights<float>>(
      std::move(weights.values), weights.size, scale);
}

// Whether every quality is a finite number.
bool IsFinite(const QualityParts& parts) {
  const double plus = parts.k_plus.sum();
  const double minus = parts.k_minus.sum();
  return std::isfinite(parts.c_plus * plus * plus) &&
         std::isfinite(parts.c_minus * minus * minus);
}

absl::Status NoFiniteQuality(double total, double gamma) {
  return Refuse(reason::kOutOfRange,
                "matrix",
                absl::StrCat("matrix has no finite quality: weights with a sum "
                             "of absolute values of ",
                             total,
                             " are too large, too small or too unlike for "
                             "gamma ",
                             gamma));
}

// weights, null_matrix: symmetric.
absl::StatusOr<ModularityProblem> CustomProblem(StoredWeights<double> weights,
                                                double gamma,
                                                const Matrix& null_matrix) {
  const int64_t n = weights.size;
  auto w = MapOf(weights);
  w -= gamma * null_matrix;
  const double scale = w.cwiseAbs().sum();
  if (!std::isfinite(scale)) {
    return NoFiniteQuality(scale, gamma);
  }
  return ModularityProblem(
      std::make_shared<DenseWeights<double>>(std::move(weights.values), n),
      Vector::Zero(n),
      0,
      Vector::Zero(n),
      0,
      scale);
}

// Of every quality function but kCustom, which has no parts. weights:
// symmetric.
template <typename Scalar>
absl::StatusOr<ModularityProblem> ProblemOfParts(StoredWeights<Scalar> weights,
                                                 const QualityOptions& options,
                                                 const Execution& execution) {
  MODBOUND_ASSIGN_OR_RETURN(StrengthsBySign strengths,
                            SafeStrengthsOf(weights, execution));
  const double total = std::ldexp(strengths.plus.sum() + strengths.minus.sum(),
                                  strengths.exponent);
  QualityParts parts = PartsOf(std::move(strengths), options);
  if (!IsFinite(parts)) {
    return NoFiniteQuality(total, options.gamma);
  }
  MODBOUND_ASSIGN_OR_RETURN(
      std::shared_ptr<const Weights> held,
      MakeWeights(std::move(weights), {parts.above, parts.below}, execution));
  return ModularityProblem(std::move(held),
                           std::move(parts.k_plus),
                           parts.c_plus,
                           std::move(parts.k_minus),
                           parts.c_minus,
                           1,
                           parts.zero_unit);
}

}  // namespace

StoredWeights<double> StoredWeightsOf(Matrix matrix) {
  StoredWeights<double> weights;
  weights.size = matrix.rows();
  const auto held = std::make_shared<Matrix>(std::move(matrix));
  weights.values = std::shared_ptr<double>(held, held->data());
  return weights;
}

template <typename Scalar>
absl::StatusOr<ModularityProblem> ProblemOfStored(StoredWeights<Scalar> weights,
                                                  const QualityOptions& options,
                                                  const Matrix* null_matrix,
                                                  const Execution& execution) {
  if (!options.keep_diagonal) {
    MapOf(weights).diagonal().setZero();
  }
  if (!weights.symmetric) {
    MODBOUND_RETURN_IF_ERROR(
        SymmetriseInPlace(weights.values.get(), weights.size, execution));
  }
  if constexpr (std::is_same_v<Scalar, double>) {
    if (options.function == QualityFunction::kCustom) {
      Matrix symmetric_null = *null_matrix;
      MODBOUND_RETURN_IF_ERROR(SymmetriseInPlace(symmetric_null, execution));
      return CustomProblem(std::move(weights), options.gamma, symmetric_null);
    }
  }
  MODBOUND_CHECK(options.function != QualityFunction::kCustom);
  return ProblemOfParts(std::move(weights), options, execution);
}

template <typename Scalar>
absl::StatusOr<UnitsProblem> MakeStoredProblem(StoredWeights<Scalar> weights,
                                               const QualityOptions& options,
                                               UnitChoice choice,
                                               const Matrix* null_matrix,
                                               const Execution& execution) {
  if (!weights.checked) {
    MODBOUND_RETURN_IF_ERROR(
        CheckQualityInput(MapOf(weights), options, null_matrix, execution));
  }
  if (choice.valid.empty()) {
    MODBOUND_ASSIGN_OR_RETURN(choice.valid, NonZeroUnits(weights, execution));
  }
  if (static_cast<int64_t>(choice.valid.size()) != weights.size) {
    return Refuse(reason::kWrongShape,
                  "valid",
                  absl::StrCat("valid holds ",
                               choice.valid.size(),
                               " flags for ",
                               weights.size,
                               " units"));
  }
  MODBOUND_ASSIGN_OR_RETURN(std::vector<int64_t> units,
                            ChooseUnits(choice.valid, choice.include_silent));
  const bool all = static_cast<int64_t>(units.size()) == weights.size;
  const bool has_null = options.function == QualityFunction::kCustom;
  Matrix null_of_units;
  if (!all) {
    MODBOUND_RETURN_IF_ERROR(KeepUnits(units, execution, weights));
    if (has_null) {
      null_of_units = RestrictMatrix(*null_matrix, units);
      null_matrix = &null_of_units;
    }
  }
  MODBOUND_ASSIGN_OR_RETURN(
      ModularityProblem problem,
      ProblemOfStored(std::move(weights), options, null_matrix, execution));
  return UnitsProblem{std::move(problem), std::move(units)};
}

template absl::StatusOr<ModularityProblem> ProblemOfStored(
    StoredWeights<double>,
    const QualityOptions&,
    const Matrix*,
    const Execution&);
template absl::StatusOr<ModularityProblem> ProblemOfStored(
    StoredWeights<float>,
    const QualityOptions&,
    const Matrix*,
    const Execution&);
template absl::StatusOr<UnitsProblem> MakeStoredProblem(StoredWeights<double>,
                                                        const QualityOptions&,
                                                        UnitChoice,
                                                        const Matrix*,
                                                        const Execution&);
template absl::StatusOr<UnitsProblem> MakeStoredProblem(StoredWeights<float>,
                                                        const QualityOptions&,
                                                        UnitChoice,
                                                        const Matrix*,
                                                        const Execution&);

}  // namespace modbound
