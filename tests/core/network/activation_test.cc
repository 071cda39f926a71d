#include "core/network/activation.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace modbound {
namespace {

constexpr Activation kSmooth[] = {
    Activation::kTanh, Activation::kSigmoid, Activation::kSoftplus};

long double SigmoidOf(long double x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}

long double Exact(Activation activation, long double x) {
  switch (activation) {
    case Activation::kTanh:
      return std::tanh(x);
    case Activation::kSigmoid:
      return SigmoidOf(x);
    default:
      return std::max(x, 0.0L) + std::log1p(std::exp(-std::abs(x)));
  }
}

template <typename Scalar>
class ActivationLoops : public testing::Test {
 public:
  static std::vector<Scalar> Values(Activation activation,
                                    std::vector<Scalar> x) {
    internal::ApplyActivation(
        activation, x.data(), static_cast<int64_t>(x.size()));
    return x;
  }

  static std::vector<Scalar> Gains(Activation activation,
                                   const std::vector<Scalar>& values) {
    std::vector<Scalar> gains(values.size());
    internal::GainOfValues(activation,
                           values.data(),
                           gains.data(),
                           static_cast<int64_t>(values.size()));
    return gains;
  }

  // Both signs of magnitudes from far below 1 to where exp(-x) is still a
  // normal number.
  static std::vector<Scalar> Arguments() {
    const double largest = std::is_same_v<Scalar, double> ? 700 : 86;
    std::vector<Scalar> x;
    for (double size = 1e-30; size < largest; size *= 1.013) {
      x.push_back(static_cast<Scalar>(size));
      x.push_back(static_cast<Scalar>(-size));
    }
    return x;
  }

  // |actual - exact| in units of epsilon |exact|.
  static double Error(Scalar actual, long double exact) {
    return static_cast<double>(
        std::abs((actual - exact) / exact) /
        static_cast<long double>(std::numeric_limits<Scalar>::epsilon()));
  }
};

using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(ActivationLoops, Scalars);

TYPED_TEST(ActivationLoops, KeepRelativeAccuracyNearZeroAndFarOut) {
  const auto x = this->Arguments();
  for (const Activation activation : kSmooth) {
    const auto values = this->Values(activation, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_LE(this->Error(values[i], Exact(activation, x[i])), 4)
          << "activation " << static_cast<int>(activation) << " at " << x[i];
    }
  }
}

TYPED_TEST(ActivationLoops, KeepRelativeAccuracyOfTheGainOfSoftplus) {
  const auto x = this->Arguments();
  const auto gains = this->Gains(Activation::kSoftplus,
                                 this->Values(Activation::kSoftplus, x));
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_LE(this->Error(gains[i], SigmoidOf(x[i])), 4) << x[i];
  }
}

TYPED_TEST(ActivationLoops, KeepAbsoluteAccuracyOfTheOtherGains) {
  const auto x = this->Arguments();
  const double tolerance = 8 * std::numeric_limits<TypeParam>::epsilon();
  for (const Activation activation :
       {Activation::kTanh, Activation::kSigmoid}) {
    const auto gains = this->Gains(activation, this->Values(activation, x));
    for (std::size_t i = 0; i < x.size(); ++i) {
      const long double f = Exact(activation, x[i]);
      const long double gain =
          activation == Activation::kTanh ? (1 - f) * (1 + f) : f * (1 - f);
      ASSERT_NEAR(gains[i], static_cast<double>(gain), tolerance) << x[i];
    }
  }
}

TYPED_TEST(ActivationLoops, GiveEachNumberTheSameBytesAtAnyPlace) {
  // A loop takes registers of numbers, then what is left one by one.
  const auto x = this->Arguments();
  const auto values = this->Values(Activation::kTanh, x);
  const auto gains = this->Gains(Activation::kSoftplus, x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(values[i], this->Values(Activation::kTanh, {x[i]})[0]) << x[i];
    ASSERT_EQ(gains[i], this->Gains(Activation::kSoftplus, {x[i]})[0]) << x[i];
  }
}

TYPED_TEST(ActivationLoops, AreOddOrExactWhereTheFunctionIs) {
  const TypeParam infinity = std::numeric_limits<TypeParam>::infinity();
  const TypeParam huge = std::numeric_limits<TypeParam>::max();
  const std::vector<TypeParam> x = {0, -0.0, 0.3, -0.3, 50, huge, infinity};
  const auto tanh = this->Values(Activation::kTanh, x);
  EXPECT_EQ(tanh[0], 0);
  EXPECT_TRUE(std::signbit(tanh[1]));
  EXPECT_EQ(tanh[2], -tanh[3]);
  for (std::size_t i = 4; i < x.size(); ++i) {
    EXPECT_EQ(tanh[i], 1) << x[i];
  }
  const auto gains =
      this->Gains(Activation::kSoftplus, {0, 50, huge, infinity});
  EXPECT_EQ(gains[0], 0);
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(gains[i], 1) << i;
  }
}

TYPED_TEST(ActivationLoops, KeepNaN) {
  const TypeParam nan = std::numeric_limits<TypeParam>::quiet_NaN();
  // Enough of them that some are in a register and some are not.
  const std::vector<TypeParam> x(11, nan);
  for (const Activation activation : {Activation::kRelu,
                                      Activation::kTanh,
                                      Activation::kSigmoid,
                                      Activation::kSoftplus,
                                      Activation::kLinear}) {
    for (const TypeParam value : this->Values(activation, x)) {
      EXPECT_TRUE(std::isnan(value)) << static_cast<int>(activation);
    }
  }
  for (const TypeParam gain : this->Gains(Activation::kSoftplus, x)) {
    EXPECT_TRUE(std::isnan(gain));
  }
}

}  // namespace
}  // namespace modbound
