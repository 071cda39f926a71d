#include "core/base/normal_pairs.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "core/base/random.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

using Uniforms = std::array<double, kNormalPairs>;
using Normals = std::array<double, 2 * kNormalPairs>;

TEST(NormalPairs, AreThoseOfTheLibrarysFunctions) {
  constexpr double kLast = 1 - 0x1p-53;
  std::vector<double> values = {0,
                                0x1p-53,
                                0.125,
                                0.25,
                                0.375,
                                0.5,
                                0.625,
                                0.75,
                                0.875,
                                kLast,
                                1 - std::numbers::sqrt2 / 2};
  RandomStream random(1, RandomPurpose::kTrainingTrials, 0);
  for (int i = 0; i < 20000; ++i) {
    values.push_back(random.Uniform());
    values.push_back(random.Uniform() * 0x1p-20);
    values.push_back(1 - 0x1p-53 * static_cast<double>(1 + i));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    Uniforms u;
    Uniforms v;
    for (std::size_t k = 0; k < kNormalPairs; ++k) {
      u[k] = std::floor(values[(i + k) % values.size()] * 0x1p53) * 0x1p-53;
      v[k] = std::floor(values[(7 * i + 3 * k) % values.size()] * 0x1p53) *
             0x1p-53;
    }
    Normals normals;
    MakeNormalPairs(u, v, normals);
    for (std::size_t k = 0; k < kNormalPairs; ++k) {
      const long double radius =
          std::sqrt(-2 * std::log1p(-static_cast<long double>(u[k])));
      const long double angle =
          2 * std::numbers::pi_v<long double> * static_cast<long double>(v[k]);
      const auto most = static_cast<double>(
          4 * std::numeric_limits<double>::epsilon() * radius);
      ASSERT_NEAR(
          normals[2 * k], static_cast<double>(radius * std::cos(angle)), most)
          << u[k] << " " << v[k];
      ASSERT_NEAR(normals[2 * k + 1],
                  static_cast<double>(radius * std::sin(angle)),
                  most)
          << u[k] << " " << v[k];
    }
  }
}

TEST(NormalPairs, DoNotDependOnTheirPlace) {
  RandomStream random(2, RandomPurpose::kTrainingTrials, 0);
  for (int i = 0; i < 1000; ++i) {
    Uniforms u;
    Uniforms v;
    std::generate(u.begin(), u.end(), [&] { return random.Uniform(); });
    std::generate(v.begin(), v.end(), [&] { return random.Uniform(); });
    Normals normals;
    MakeNormalPairs(u, v, normals);
    std::rotate(u.begin(), u.begin() + 3, u.end());
    std::rotate(v.begin(), v.begin() + 3, v.end());
    Normals moved;
    MakeNormalPairs(u, v, moved);
    std::rotate(normals.begin(), normals.begin() + 6, normals.end());
    ASSERT_EQ(normals, moved);
  }
}

}  // namespace
}  // namespace modbound
