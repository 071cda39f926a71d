#include "core/modules/float_problem.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/modules/chosen_units.h"
#include "core/modules/dense_weights.h"
#include "core/modules/quality_input.h"
#include "core/modules/quality_null.h"
#include "core/modules/row_sums.h"

namespace modbound {
namespace {

// Rows of one work item, and of one tile where pairs are looked at.
constexpr int64_t kFloatRows = 64;

// Calls visit(first, count) for blocks of rows. Errors: kCancelled, those of
// `visit`.
template <typename Visit>
absl::Status ForRows(int64_t n, const Execution& execution, Visit visit) {
  return ParallelForBlocks(n, kFloatRows, execution, visit);
}

// Calls visit(i, j) for every i < j, tile by tile; each pair is in one work
// item.
template <typename Visit>
absl::Status ForPairs(int64_t n, const Execution& execution, Visit visit) {
  return ForRows(n, execution, [&](int64_t first, int64_t count) {
    for (int64_t tile = first; tile < n; tile += kFloatRows) {
      if (execution.stopped()) {
        return StoppedError();
      }
      for (int64_t i = first; i < first + count; ++i) {
        for (int64_t j = std::max(i + 1, tile);
             j < std::min(n, tile + kFloatRows);
             ++j) {
          visit(i, j);
        }
      }
    }
    return absl::OkStatus();
  });
}

absl::Status Symmetrise(FloatWeights& weights, const Execution& execution) {
  float* values = weights.values.get();
  const int64_t n = weights.size;
  return ForPairs(n, execution, [=](int64_t i, int64_t j) {
    float& upper = values[i * n + j];
    float& lower = values[j * n + i];
    if (upper != lower) {
      // Halved first: the sum of two large values might overflow.
      upper = lower = 0.5F * upper + 0.5F * lower;
    }
  });
}

// Flags of the units with a value in their row or column.
absl::StatusOr<std::vector<uint8_t>> NonZero(const FloatWeights& weights,
                                             const Execution& execution) {
  const int64_t n = weights.size;
  std::vector<uint8_t> flags(static_cast<std::size_t>(n), 0);
  for (int64_t i = 0; i < n; ++i) {
    if (execution.stopped()) {
      return StoppedError();
    }
    const float* row = weights.values.get() + i * n;
    for (int64_t j = 0; j < n; ++j) {
      if (row[j] != 0) {
        flags[i] = flags[j] = 1;
      }
    }
  }
  return flags;
}

// Sets the diagonal to 0 unless it is kept. flags, unless set before: 1 for the
// units with a value in their row.
absl::StatusOr<StrengthsBySign> StrengthsOf(FloatWeights& weights,
                                            bool keep_diagonal,
                                            const Execution& execution,
                                            std::vector<uint8_t>& flags) {
  const int64_t n = weights.size;
  const bool has_flags = !flags.empty();
  flags.resize(static_cast<std::size_t>(n), 0);
  StrengthsBySign strengths{Vector(n), Vector(n)};
  MODBOUND_RETURN_IF_ERROR(
      ForRows(n, execution, [&](int64_t first, int64_t count) {
        for (int64_t i = first; i < first + count; ++i) {
          float* row = weights.values.get() + i * n;
          const float diagonal = row[i];
          row[i] = keep_diagonal ? diagonal : 0;
          const SignedSum sum = SumBySign(row, n);
          strengths.plus[i] = sum.plus;
          strengths.minus[i] = sum.minus;
          if (!has_flags) {
            flags[i] = sum.plus > 0 || sum.minus > 0 || diagonal != 0 ? 1 : 0;
          }
        }
        return absl::OkStatus();
      }));
  return strengths;
}

// Keeps the rows and columns `units`, in place.
absl::Status KeepUnits(const std::vector<int64_t>& units,
                       const Execution& execution,
                       FloatWeights& weights) {
  float* out = weights.values.get();
  for (const int64_t i : units) {
    if (execution.stopped()) {
      return StoppedError();
    }
    const float* row = weights.values.get() + i * weights.size;
    for (const int64_t j : units) {
      *out++ = row[j];
    }
  }
  weights.size = static_cast<int64_t>(units.size());
  return absl::OkStatus();
}

float WeightOf(float value, const QualityParts& parts) {
  return static_cast<float>(value == 0  ? parts.zero
                            : value > 0 ? value * parts.above
                                        : value * parts.below);
}

// Writes w over W, where `zero` is 0. In float64: a factor rounded to float32
// would be another one.
void WriteScaled(const QualityParts& parts, int64_t count, float* values) {
  const Doubles zero = {};
  int64_t i = 0;
  for (; i + kWidth <= count; i += kWidth) {
    const Doubles value = AsDoubles(LoadFour<Floats>(values + i));
    const Doubles scaled =
        value > zero ? value * parts.above : value * parts.below;
    const Floats written = __builtin_convertvector(scaled, Floats);
    std::memcpy(values + i, &written, sizeof written);
  }
  for (; i < count; ++i) {
    values[i] = WeightOf(values[i], parts);
  }
}

// Writes w over W.
absl::Status WriteWeights(const QualityParts& parts,
                          const Execution& execution,
                          FloatWeights& weights) {
  const int64_t n = weights.size;
  return ForRows(n, execution, [&](int64_t first, int64_t count) {
    float* values = weights.values.get() + first * n;
    if (parts.zero == 0) {
      WriteScaled(parts, count * n, values);
      return absl::OkStatus();
    }
    std::transform(values, values + count * n, values, [&](float value) {
      return WeightOf(value, parts);
    });
    return absl::OkStatus();
  });
}

}  // namespace

absl::StatusOr<UnitsProblem> MakeFloatProblem(FloatWeights weights,
                                              const QualityOptions& options,
                                              bool include_silent,
                                              const Execution& execution) {
  if (!weights.checked) {
    MODBOUND_RETURN_IF_ERROR(
        CheckFloatInput(Eigen::Map<const FloatMatrix>(
                            weights.values.get(), weights.size, weights.size),
                        options,
                        execution));
  }
  // Of an asymmetric matrix as it is: a mean of two values may be 0.
  std::vector<uint8_t> flags;
  if (!weights.symmetric) {
    MODBOUND_ASSIGN_OR_RETURN(flags, NonZero(weights, execution));
  }
  // W of 0 and 1 would not stay binary.
  const bool symmetrise_w =
      !weights.symmetric && options.function == QualityFunction::kPotts;
  if (!weights.symmetric && !symmetrise_w) {
    MODBOUND_RETURN_IF_ERROR(Symmetrise(weights, execution));
  }
  MODBOUND_ASSIGN_OR_RETURN(
      StrengthsBySign strengths,
      StrengthsOf(weights, options.keep_diagonal, execution, flags));
  MODBOUND_ASSIGN_OR_RETURN(std::vector<int64_t> units,
                            ChooseUnits(flags, include_silent));
  if (static_cast<int64_t>(units.size()) < weights.size) {
    MODBOUND_RETURN_IF_ERROR(KeepUnits(units, execution, weights));
    strengths.plus = strengths.plus(units).eval();
    strengths.minus = strengths.minus(units).eval();
  }
  QualityParts parts = PartsOf(std::move(strengths), options);
  MODBOUND_RETURN_IF_ERROR(WriteWeights(parts, execution, weights));
  if (symmetrise_w) {
    MODBOUND_RETURN_IF_ERROR(Symmetrise(weights, execution));
  }
  return UnitsProblem{
      ModularityProblem(std::make_shared<DenseWeights<float>>(
                            std::move(weights.values), weights.size),
                        std::move(parts.k_plus),
                        parts.c_plus,
                        std::move(parts.k_minus),
                        parts.c_minus,
                        1,
                        parts.zero_unit),
      std::move(units)};
}

}  // namespace modbound
