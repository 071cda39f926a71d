#ifndef MODBOUND_CORE_NETWORK_ACTIVATION_H_
#define MODBOUND_CORE_NETWORK_ACTIVATION_H_

#include <bit>
#include <cmath>
#include <cstdint>

#include "Eigen/Core"
#include "core/network/network.h"

// The activation functions as loops over contiguous numbers, float or double.
// Relative accuracy of every value, and of softplus's gain as a function of the
// value, is 4 epsilon where the result is a normal number; that of the other
// gains is absolute.
namespace modbound::internal {

template <typename Scalar>
struct ExpConstants;
template <>
struct ExpConstants<double> {
  using Bits = uint64_t;
  static constexpr int kMantissaBits = 52;
  // log 2 in two parts, the first with so few bits that k times it is exact.
  static constexpr double kLog2High = 0x1.62e42feep-1;
  static constexpr double kLog2Low = 0x1.a39ef35793c76p-33;
};
template <>
struct ExpConstants<float> {
  using Bits = uint32_t;
  static constexpr int kMantissaBits = 23;
  static constexpr float kLog2High = 0x1.62e4p-1F;
  static constexpr float kLog2Low = 0x1.7f7d1cp-20F;
};

// exp(y) = s (Q + R) / (Q - R) for 0 <= y <= 87, so that the functions of
// exp(y) below are quotients in which nothing cancels:
//   s = 2^k, k = round(y / log 2), r = y - k log 2, |r| <= (log 2) / 2,
//   R = r P(r^2), Q = Q(r^2), the rational approximation of Moshier's Cephes
//   library (exp.c).
// NaN gives NaN. No branch and no call: the loops below become vector
// instructions that give each number the same bytes at any place.
template <typename Scalar>
struct RationalExp {
  using C = ExpConstants<Scalar>;

  explicit RationalExp(Scalar y) {
    // Adding 1.5 * 2^(mantissa bits) rounds to a whole number, which then is in
    // the low bits.
    constexpr auto kToWhole =
        static_cast<Scalar>(uint64_t{3} << (C::kMantissaBits - 1));
    const Scalar shifted = y * Scalar(1.4426950408889634) + kToWhole;
    const Scalar k = shifted - kToWhole;
    const auto exponent = std::bit_cast<typename C::Bits>(shifted)
                          << C::kMantissaBits;
    s = std::bit_cast<Scalar>(std::bit_cast<typename C::Bits>(Scalar(1)) +
                              exponent);
    const Scalar r = (y - k * C::kLog2High) - k * C::kLog2Low;
    const Scalar z = r * r;
    R = Scalar(1.2617719307481059e-4);
    R = R * z + Scalar(3.0299440770744196e-2);
    R = R * z + Scalar(1);
    R = r * R;
    Q = Scalar(3.0019850513866446e-6);
    Q = Q * z + Scalar(2.5244834034968410e-3);
    Q = Q * z + Scalar(2.2726554820815503e-1);
    Q = Q * z + Scalar(2);
  }

  Scalar s;
  Scalar R;
  Scalar Q;
};

// From here on tanh(x) and 1 - exp(-x) are 1 in either precision.
inline constexpr int kOneFrom = 40;

// to = from, but at most kOneFrom in magnitude; NaN stays. A loop of its own:
// in one with the functions below the compiler would make a branch of it.
template <typename Scalar>
void Limit(const Scalar* from, int64_t count, Scalar* to) {
  for (int64_t i = 0; i < count; ++i) {
    const Scalar x = from[i];
    to[i] = std::abs(x) > kOneFrom ? std::copysign(Scalar(kOneFrom), x) : x;
  }
}

// values = tanh(values):
//   tanh |x| = (exp(2 |x|) - 1) / (exp(2 |x|) + 1).
// Eigen's is not vectorised for doubles.
template <typename Scalar>
void Tanh(Scalar* values, int64_t count) {
  Limit(values, count, values);
  for (int64_t i = 0; i < count; ++i) {
    const RationalExp<Scalar> e(2 * std::abs(values[i]));
    const Scalar result = ((e.s - 1) * e.Q + (e.s + 1) * e.R) /
                          ((e.s + 1) * e.Q + (e.s - 1) * e.R);
    values[i] = std::copysign(result, values[i]);
  }
}

// results = 1 - exp(-values) = (exp(x) - 1) / exp(x) for x >= 0.
template <typename Scalar>
void OneMinusExpOfMinus(const Scalar* values, int64_t count, Scalar* results) {
  Limit(values, count, results);
  for (int64_t i = 0; i < count; ++i) {
    const RationalExp<Scalar> e(results[i]);
    results[i] = ((e.s - 1) * e.Q + (e.s + 1) * e.R) / (e.s * (e.Q + e.R));
  }
}

// values = f(values). NaN stays NaN, so that a diverged network is seen.
template <typename Scalar>
void ApplyActivation(Activation activation, Scalar* values, int64_t count) {
  Eigen::Map<Eigen::Array<Scalar, Eigen::Dynamic, 1>> x(values, count);
  switch (activation) {
    case Activation::kRelu:
      for (int64_t i = 0; i < count; ++i) {
        values[i] = values[i] < 0 ? Scalar(0) : values[i];
      }
      return;
    case Activation::kTanh:
      Tanh(values, count);
      return;
    case Activation::kSigmoid:
      x = Scalar(1) / (Scalar(1) + (-x).exp());
      return;
    case Activation::kSoftplus:
      // max(x, 0) + log(1 + exp(-|x|)): no overflow.
      x = x.max(Scalar(0)) + (-x.abs()).exp().log1p();
      return;
    case Activation::kLinear:
      return;
  }
}

// gains = f'(x) where values = f(x): every f here has a derivative that is a
// function of its value.
template <typename Scalar>
void GainOfValues(Activation activation,
                  const Scalar* values,
                  Scalar* gains,
                  int64_t count) {
  const Eigen::Map<const Eigen::Array<Scalar, Eigen::Dynamic, 1>> f(values,
                                                                    count);
  Eigen::Map<Eigen::Array<Scalar, Eigen::Dynamic, 1>> gain(gains, count);
  switch (activation) {
    case Activation::kRelu:
      for (int64_t i = 0; i < count; ++i) {
        gains[i] = values[i] > 0 ? Scalar(1) : Scalar(0);
      }
      return;
    case Activation::kTanh:
      gain = Scalar(1) - f * f;
      return;
    case Activation::kSigmoid:
      gain = f * (Scalar(1) - f);
      return;
    case Activation::kSoftplus:
      // f' = sigmoid(x) = 1 - exp(-f).
      OneMinusExpOfMinus(values, count, gains);
      return;
    case Activation::kLinear:
      gain.setOnes();
      return;
  }
}

}  // namespace modbound::internal

#endif  // MODBOUND_CORE_NETWORK_ACTIVATION_H_
