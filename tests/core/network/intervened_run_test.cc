#include "core/network/intervened_run.h"

#include <cmath>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/network/run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/progress_log.h"
#include "support/random_matrix.h"

namespace modbound {
namespace {

constexpr int64_t kTrials = 40;  // two blocks
constexpr int64_t kSteps = 7;
constexpr int64_t kUnits = 6;

Network SmallNetwork() {
  Network network;
  network.w_in = RandomMatrix(kUnits, 3, 0);
  network.b_in = RandomMatrix(kUnits, 1, 1);
  network.w_rec = RandomMatrix(kUnits, kUnits, 2) / 3;
  network.b_rec = RandomMatrix(kUnits, 1, 3);
  network.w_out = RandomMatrix(2, kUnits, 4);
  network.b_out = RandomMatrix(2, 1, 5);
  network.dynamics = {Activation::kTanh, Update::kLeakInside, 50, 100};
  return network;
}

Matrix Inputs() { return RandomMatrix(kTrials * kSteps, 3, 9); }

Run MustRun(const Network& network,
            const Matrix& inputs,
            const Intervention& intervention,
            const Matrix& initial = Matrix(),
            int threads = 1) {
  Execution execution;
  execution.threads = threads;
  const auto run = RunNetwork(network,
                              inputs,
                              kTrials,
                              RowOrder::kByTrial,
                              initial,
                              execution,
                              intervention);
  EXPECT_TRUE(run.ok()) << run.status();
  return run.ok() ? *run : Run{};
}

Intervention Silencing(std::vector<int64_t> units,
                       SilenceLevel level,
                       StepRange steps = {}) {
  Intervention intervention;
  intervention.silences = {{std::move(units), level, steps}};
  return intervention;
}

TEST(RunNetwork, AClampIsTheSameAsClampedInputs) {
  Intervention clamped;
  // The later one holds where both would: channel 1 is 4 in step 3.
  clamped.clamps = {{1, -2, {2, 4}}, {1, 4, {3, {}}}, {0, 0.5, {0, 1}}};
  Matrix by_hand = Inputs();
  for (int64_t k = 0; k < kTrials; ++k) {
    by_hand(k * kSteps, 0) = 0.5;
    by_hand(k * kSteps + 2, 1) = -2;
    for (int64_t t = 3; t < kSteps; ++t) {
      by_hand(k * kSteps + t, 1) = 4;
    }
  }
  const auto a = MustRun(SmallNetwork(), Inputs(), clamped);
  const auto b = MustRun(SmallNetwork(), by_hand, {});
  EXPECT_EQ(a.activity, b.activity);
  EXPECT_EQ(a.outputs, b.outputs);
  EXPECT_NE(a.outputs, MustRun(SmallNetwork(), Inputs(), {}).outputs);
}

TEST(RunNetwork, EditsAndLesionsAreThoseOfANetworkChangedByHand) {
  Intervention change;
  change.weight_edits = {{WeightArray::kWOut, 0, 1, EditOperation::kSet, 9},
                         {WeightArray::kWRec, 3, 4, EditOperation::kAdd, 1}};
  change.lesion = {{5}, LesionScope::kSilence};
  Network by_hand = SmallNetwork();
  by_hand.w_out(0, 1) = 9;
  by_hand.w_rec(3, 4) += 1;
  by_hand.w_rec.row(5).setZero();
  by_hand.w_rec.col(5).setZero();
  by_hand.w_in.row(5).setZero();
  by_hand.b_in(5) = by_hand.b_rec(5) = 0;
  const auto a = MustRun(SmallNetwork(), Inputs(), change);
  const auto b = MustRun(by_hand, Inputs(), {});
  EXPECT_EQ(a.activity, b.activity);
  EXPECT_EQ(a.outputs, b.outputs);
}

// Without unit 2 and what it is connected by.
Network WithoutUnitTwo(const Network& network) {
  const std::vector<int64_t> kept = {0, 1, 3, 4, 5};
  Network smaller = network;
  smaller.w_in = network.w_in(kept, Eigen::all);
  smaller.b_in = network.b_in(kept);
  smaller.w_rec = network.w_rec(kept, kept);
  smaller.b_rec = network.b_rec(kept);
  smaller.w_out = network.w_out(Eigen::all, kept);
  return smaller;
}

TEST(RunNetwork, AUnitSilencedToZeroIsAsIfItWereNotThere) {
  const Matrix initial = RandomMatrix(kTrials, kUnits, 10);
  const auto silenced = MustRun(
      SmallNetwork(), Inputs(), Silencing({2}, SilenceLevel::kZero), initial);
  const std::vector<int64_t> kept = {0, 1, 3, 4, 5};
  const auto smaller = MustRun(
      WithoutUnitTwo(SmallNetwork()), Inputs(), {}, initial(Eigen::all, kept));
  EXPECT_TRUE((silenced.activity.col(2).array() == 0).all());
  // Sums of six and of five terms of about 1, rounded otherwise.
  EXPECT_LT((silenced.outputs - smaller.outputs).cwiseAbs().maxCoeff(), 1e-13);
  EXPECT_LT((silenced.activity(Eigen::all, kept) - smaller.activity)
                .cwiseAbs()
                .maxCoeff(),
            1e-13);
}

// Worked by hand: two linear units, r' = x + r_other, one trial of inputs 1.
//   t     0       1         2         3
//   r_0   1       1 + 1 = 2 1 + 2 = 3 4
//   r_1   the same by symmetry
// Silenced unit 1 at steps 1 and 2: r_1 = 1, 0, 0, then 1 + r_0(2) = 2;
//   r_0 = 1, 1 + 1 = 2, 1 + 0 = 1, 1.
// At its mean (1 + 2 + 3 + 4) / 4 = 2.5: r_1 = 1, 2.5, 2.5, 1 + 3.5 = 4.5;
//   r_0 = 1, 2, 1 + 2.5 = 3.5, 3.5.
TEST(RunNetwork, ASilencedUnitIsAtItsLevelForTheStepsAlone) {
  Network network;
  network.w_in = Matrix::Ones(2, 1);
  network.b_in = network.b_rec = Vector::Zero(2);
  network.w_rec = Matrix::Ones(2, 2) - Matrix::Identity(2, 2);
  network.w_out = Matrix::Ones(1, 2);
  network.b_out = Vector::Zero(1);
  network.dynamics.activation = Activation::kLinear;
  const auto run = [&](SilenceLevel level) {
    return *RunNetwork(network,
                       Matrix::Ones(4, 1),
                       1,
                       RowOrder::kByTrial,
                       Matrix(),
                       {},
                       Silencing({1}, level, {1, 3}));
  };
  Matrix zero(4, 2);
  zero << 1, 1, 2, 0, 1, 0, 1, 2;
  EXPECT_EQ(run(SilenceLevel::kZero).activity, zero);
  EXPECT_EQ(run(SilenceLevel::kZero).outputs, zero.rowwise().sum());
  Matrix mean(4, 2);
  mean << 1, 1, 2, 2.5, 3.5, 2.5, 3.5, 4.5;
  EXPECT_EQ(run(SilenceLevel::kMean).activity, mean);
}

TEST(RunNetwork, TheMeanIsThatOfTheRunWithoutAnyIntervention) {
  Intervention both = Silencing({1, 4}, SilenceLevel::kMean);
  both.clamps = {{0, 100, {}}};
  both.lesion.units = {0};
  const auto intact = MustRun(SmallNetwork(), Inputs(), {});
  const auto silenced = MustRun(SmallNetwork(), Inputs(), both);
  for (const int64_t unit : {1, 4}) {
    const double level = silenced.activity(0, unit);
    EXPECT_TRUE((silenced.activity.col(unit).array() == level).all());
    EXPECT_NEAR(level, intact.activity.col(unit).mean(), 1e-14);
  }
}

TEST(RunNetwork, NoiseHasTheMomentsOfTheIntactUnit) {
  const int64_t trials = 2000;
  const Matrix inputs = RandomMatrix(trials * kSteps, 3, 9);
  const auto intact = RunNetwork(
      SmallNetwork(), inputs, trials, RowOrder::kByTrial, Matrix(), {});
  const auto noisy = RunNetwork(SmallNetwork(),
                                inputs,
                                trials,
                                RowOrder::kByTrial,
                                Matrix(),
                                {},
                                Silencing({3}, SilenceLevel::kNoise));
  ASSERT_TRUE(intact.ok() && noisy.ok());
  const auto moments = [](const Vector& values) {
    const double mean = values.mean();
    return std::make_pair(mean,
                          std::sqrt((values.array() - mean).square().mean()));
  };
  const auto [mean, sd] = moments(intact->activity.col(3));
  const auto [noisy_mean, noisy_sd] = moments(noisy->activity.col(3));
  // Four standard errors of 14,000 independent values.
  const double error = 4 * sd / std::sqrt(14000.0);
  EXPECT_NEAR(noisy_mean, mean, error);
  EXPECT_NEAR(noisy_sd, sd, error / std::sqrt(2.0));
  // Anew at each step: no correlation from one to the next, within 4 / sqrt n.
  const Vector values =
      (noisy->activity.col(3).array() - noisy_mean) / noisy_sd;
  EXPECT_NEAR(values.head(13999).dot(values.tail(13999)) / 13999, 0, 0.034);
}

TEST(RunNetwork, NoiseOfAUnitDependsOnNothingElse) {
  Intervention one = Silencing({3}, SilenceLevel::kNoise);
  one.seed = 5;
  Intervention two = Silencing({0, 3}, SilenceLevel::kNoise);
  two.seed = 5;
  two.clamps = {{0, 1, {}}};
  const auto a = MustRun(SmallNetwork(), Inputs(), one);
  const auto b = MustRun(SmallNetwork(), Inputs(), two, Matrix(), 2);
  EXPECT_EQ(a.activity.col(3), b.activity.col(3));
  EXPECT_NE(a.activity.col(0), b.activity.col(0));
  two.seed = 6;
  EXPECT_NE(MustRun(SmallNetwork(), Inputs(), two).activity.col(3),
            b.activity.col(3));
}

TEST(RunNetwork, TheLaterSilenceHolds) {
  Intervention twice = Silencing({2}, SilenceLevel::kMean);
  twice.silences.push_back({{2}, SilenceLevel::kZero, {3, 5}});
  const auto run = MustRun(SmallNetwork(), Inputs(), twice);
  for (int64_t t = 0; t < kSteps; ++t) {
    EXPECT_EQ(run.activity(t, 2) == 0, t == 3 || t == 4) << t;
  }
}

TEST(RunNetwork, InterventionsGiveTheSameBytesAtAnyThreadCountAndOrder) {
  Intervention all = Silencing({1, 2}, SilenceLevel::kNoise, {1, 6});
  all.clamps = {{2, 1, {2, 5}}};
  all.weight_edits = {{WeightArray::kWRec, 0, 0, EditOperation::kScale, 2}};
  const auto one = MustRun(SmallNetwork(), Inputs(), all);
  const auto four = MustRun(SmallNetwork(), Inputs(), all, Matrix(), 4);
  EXPECT_EQ(one.activity, four.activity);
  EXPECT_EQ(one.outputs, four.outputs);
  // Levels of zero need no other trials: a trial stays as it is without them.
  for (Silence& silence : all.silences) {
    silence.level = SilenceLevel::kZero;
  }
  const auto few = RunNetwork(SmallNetwork(),
                              Inputs().topRows(3 * kSteps),
                              3,
                              RowOrder::kByTrial,
                              Matrix(),
                              {},
                              all);
  ASSERT_TRUE(few.ok());
  EXPECT_EQ(
      few->activity,
      MustRun(SmallNetwork(), Inputs(), all).activity.topRows(3 * kSteps));
}

TEST(RunNetwork, TellsOfTheIntactRunFirst) {
  ProgressLog log;
  ASSERT_TRUE(RunNetwork(SmallNetwork(),
                         Inputs(),
                         kTrials,
                         RowOrder::kByTrial,
                         Matrix(),
                         log.Watch(1),
                         Silencing({0}, SilenceLevel::kMean))
                  .ok());
  EXPECT_THAT(log.Ends(),
              testing::ElementsAre("intact, simulating: 280 of 280 steps",
                                   "simulating: 280 of 280 steps"));
}

TEST(RunNetwork, RefusesAnInterventionThatDoesNotFit) {
  const auto run = RunNetwork(SmallNetwork(),
                              Inputs(),
                              kTrials,
                              RowOrder::kByTrial,
                              Matrix(),
                              {},
                              Silencing({6}, SilenceLevel::kZero));
  EXPECT_EQ(FieldOf(run.status()), "silence[0].units[0]");
}

}  // namespace
}  // namespace modbound
