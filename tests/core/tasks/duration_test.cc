#include "core/tasks/duration.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

constexpr int kDraws = 20000;

std::vector<double> Draws(const Duration& duration) {
  std::vector<double> draws;
  for (uint64_t k = 0; k < kDraws; ++k) {
    RandomStream random(3, RandomPurpose::kSimulationTrials, k);
    draws.push_back(duration.Draw(random));
  }
  return draws;
}

double MeanOf(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) {
    sum += value;
  }
  return sum / static_cast<double>(values.size());
}

TEST(Duration, AConstantTakesNoRandomNumber) {
  RandomStream random(3, RandomPurpose::kSimulationTrials, 0);
  RandomStream same(3, RandomPurpose::kSimulationTrials, 0);
  EXPECT_EQ(Duration(250).Draw(random), 250);
  EXPECT_EQ(random.Bits(), same.Bits());
  EXPECT_FALSE(Duration(250).is_random());
}

TEST(Duration, UniformFillsItsRange) {
  const Duration uniform = Duration::Uniform(300, 600);
  const std::vector<double> draws = Draws(uniform);
  EXPECT_GE(*std::min_element(draws.begin(), draws.end()), 300);
  EXPECT_LT(*std::max_element(draws.begin(), draws.end()), 600);
  // sd 300 / sqrt 12 = 86.6; of the mean .61: five of them.
  EXPECT_NEAR(MeanOf(draws), 450, 3.1);
  const auto below = std::count_if(
      draws.begin(), draws.end(), [](double ms) { return ms < 375; });
  // A quarter, sd sqrt(20000 * 3 / 16) = 61.
  EXPECT_NEAR(static_cast<double>(below), 5000, 310);
  EXPECT_EQ(uniform.shortest(), 300);
  EXPECT_EQ(uniform.longest(), 600);
}

TEST(Duration, ChoiceDrawsEachEquallyOften) {
  const Duration choice = Duration::Choice({900, 300, 4000});
  const std::vector<double> draws = Draws(choice);
  for (const double ms : {300.0, 900.0, 4000.0}) {
    EXPECT_NEAR(static_cast<double>(std::count(draws.begin(), draws.end(), ms)),
                kDraws / 3.0,
                5 * std::sqrt(kDraws * 2 / 9.0));
  }
  EXPECT_EQ(choice.shortest(), 300);
  EXPECT_EQ(choice.longest(), 4000);
}

// Mean of an exponential of mean m among its draws in [a, b]: m + (a - b e^-d)
// / (1 - e^-d), d = (b - a) / m; share below x: (1 - e^-((x - a)/m)) / (1 -
// e^-d).
TEST(Duration, TruncatedExponentialIsWhatLiesBetweenTheBounds) {
  const std::vector<double> draws =
      Draws(Duration::TruncatedExponential(600, 300, 3000));
  EXPECT_GE(*std::min_element(draws.begin(), draws.end()), 300);
  EXPECT_LE(*std::max_element(draws.begin(), draws.end()), 3000);
  const double cut = std::exp(-4.5);
  const double mean = 600 + (300 - 3000 * cut) / (1 - cut);
  // Its sd is below 600.
  EXPECT_NEAR(MeanOf(draws), mean, 5 * 600 / std::sqrt(kDraws));
  const double share = (1 - std::exp(-1.0)) / (1 - cut);
  const auto below = std::count_if(
      draws.begin(), draws.end(), [](double ms) { return ms < 900; });
  EXPECT_NEAR(static_cast<double>(below),
              kDraws * share,
              5 * std::sqrt(kDraws * share * (1 - share)));
}

std::string RefusalOf(const Duration& duration) {
  const absl::Status status = duration.Check("task.random", "DELAY");
  EXPECT_EQ(ReasonOf(status), reason::kOutOfRange);
  EXPECT_EQ(FieldOf(status), "task.random");
  return std::string(status.message());
}

TEST(Duration, RefusesWhatIsNoLength) {
  EXPECT_EQ(RefusalOf(Duration::Uniform(600, 300)),
            "DELAY has min 600 above max 300; allowed: min <= max");
  EXPECT_EQ(RefusalOf(Duration::Choice({})),
            "DELAY has no choices; at least one is needed");
  EXPECT_EQ(RefusalOf(Duration::Choice({100, -1})),
            "DELAY may be -1; allowed: >= 0 ms");
  EXPECT_EQ(RefusalOf(Duration::TruncatedExponential(0, 1, 2)),
            "DELAY has mean 0; allowed: > 0");
  EXPECT_EQ(RefusalOf(-1), "DELAY is -1; allowed: >= 0 ms");
  EXPECT_EQ(RefusalOf(std::nan("")), "DELAY is nan; allowed: >= 0 ms");
  EXPECT_TRUE(Duration::Uniform(300, 300).Check("task.random", "").ok());
}

}  // namespace
}  // namespace modbound
