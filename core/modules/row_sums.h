#ifndef MODBOUND_CORE_MODULES_ROW_SUMS_H_
#define MODBOUND_CORE_MODULES_ROW_SUMS_H_

#include <cstdint>
#include <cstring>
#include <vector>

#include "core/base/matrix.h"

// Sums over one row of weights, in float64 whatever the row is stored in. Their
// order depends on the length alone.
namespace modbound {

// Four numbers and the masks of comparisons of them (gcc's and clang's vector
// types: a plain loop over conditional sums is left scalar by gcc 12, or,
// written as a choice of row[j] or 0, compiled wrongly).
inline constexpr int64_t kWidth = 4;
using Doubles __attribute__((vector_size(8 * kWidth))) = double;
using Floats __attribute__((vector_size(4 * kWidth))) = float;

// A row's Scalar, four of it, the mask of a comparison of them, and the type
// that labels compare with it in.
template <typename Scalar>
struct RowType;

template <>
struct RowType<double> {
  using Label = double;
  using Values = Doubles;
  using Mask __attribute__((vector_size(8 * kWidth))) = int64_t;
  using Labels = Doubles;
};

template <>
struct RowType<float> {
  using Label = int32_t;
  using Values = Floats;
  using Mask __attribute__((vector_size(4 * kWidth))) = int32_t;
  using Labels = Mask;
};

inline Doubles AsDoubles(const Doubles& values) { return values; }
inline Doubles AsDoubles(const Floats& values) {
  return __builtin_convertvector(values, Doubles);
}

template <typename To, typename From>
To LoadFour(const From* from) {
  static_assert(sizeof(To) == kWidth * sizeof(From));
  To to;
  std::memcpy(&to, from, sizeof to);
  return to;
}

// What weights are times the numbers that they are stored as: `above` those
// above 0, `below` the others.
struct SignScale {
  double above = 1;
  double below = 1;
};

// A weight that is made when it is read is rounded as one that is stored: a
// compiler would join its product with the sum that takes it, unrounded.
template <typename Values>
Values Rounded(Values values) {
  asm("" : "+x"(values));
  return values;
}

inline double Scaled(double value, const SignScale& scale) {
  return Rounded(value * (value > 0 ? scale.above : scale.below));
}
inline Doubles Scaled(const Doubles& values, const SignScale& scale) {
  const Doubles zero = {};
  return Rounded(values > zero ? values * scale.above : values * scale.below);
}

// Weights of numbers that are stored as Scalar: doubles are weights themselves.
template <typename Scalar, typename Values>
Values WeightsOfRow(const Values& values, const SignScale& scale) {
  if constexpr (sizeof(Scalar) == sizeof(double)) {
    return values;
  } else {
    return Scaled(values, scale);
  }
}

inline double SumOfLanes(const Doubles& sum) {
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

// Those of four elements of `row` whose label is `own`, 0 for the others.
template <typename Scalar>
Doubles Matching(const Scalar* row,
                 const typename RowType<Scalar>::Label* labels,
                 const typename RowType<Scalar>::Labels& own) {
  using Type = RowType<Scalar>;
  const auto label = LoadFour<typename Type::Labels>(labels);
  auto value = LoadFour<typename Type::Mask>(row);
  value &= label == own;
  typename Type::Values chosen;
  std::memcpy(&chosen, &value, sizeof chosen);
  return AsDoubles(chosen);
}

// Sum of the weights row[j], first <= j < n, over labels[j] == own.
template <typename Scalar>
double SumOfMatching(const Scalar* row,
                     const SignScale& scale,
                     const typename RowType<Scalar>::Label* labels,
                     typename RowType<Scalar>::Label own,
                     int64_t first,
                     int64_t n) {
  const typename RowType<Scalar>::Labels owns = {own, own, own, own};
  Doubles sum_0 = {};
  Doubles sum_1 = {};
  int64_t j = first;
  for (; j + 2 * kWidth <= n; j += 2 * kWidth) {
    sum_0 += WeightsOfRow<Scalar>(Matching(row + j, labels + j, owns), scale);
    sum_1 += WeightsOfRow<Scalar>(
        Matching(row + j + kWidth, labels + j + kWidth, owns), scale);
  }
  double rest = 0;
  for (; j < n; ++j) {
    rest += labels[j] == own ? WeightsOfRow<Scalar>(double{row[j]}, scale) : 0;
  }
  sum_0 += sum_1;
  return rest + SumOfLanes(sum_0);
}

// Sum of the elements above 0, and minus the sum of those below it.
struct SignedSum {
  double plus = 0;
  double minus = 0;
};

template <typename Scalar>
SignedSum SumBySign(const Scalar* row, int64_t n) {
  using Type = RowType<Scalar>;
  const typename Type::Values zero = {};
  Doubles plus = {};
  Doubles below = {};
  int64_t j = 0;
  for (; j + kWidth <= n; j += kWidth) {
    const auto value = LoadFour<typename Type::Values>(row + j);
    auto positive = LoadFour<typename Type::Mask>(row + j);
    positive &= value > zero;
    typename Type::Values chosen;
    std::memcpy(&chosen, &positive, sizeof chosen);
    plus += AsDoubles(chosen);
    below += AsDoubles(value) - AsDoubles(chosen);
  }
  SignedSum sum{SumOfLanes(plus), -SumOfLanes(below)};
  for (; j < n; ++j) {
    (row[j] > 0 ? sum.plus : sum.minus) += row[j] > 0 ? row[j] : -row[j];
  }
  return sum;
}

// Sums over the rows, one a column, in the order of the rows.
inline std::vector<double> SumsOfRows(const Matrix& of_rows) {
  std::vector<double> sums(static_cast<std::size_t>(of_rows.cols()), 0);
  for (Eigen::Index i = 0; i < of_rows.rows(); ++i) {
    for (std::size_t b = 0; b < sums.size(); ++b) {
      sums[b] += of_rows(i, static_cast<Eigen::Index>(b));
    }
  }
  return sums;
}

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_ROW_SUMS_H_
