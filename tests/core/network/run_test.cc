#include "core/network/run.h"

#include <string>

#include "core/base/error.h"
#include "core/base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/golden.h"
#include "support/golden_network.h"
#include "support/progress_log.h"
#include "support/random_matrix.h"

namespace modbound {
namespace {

Network RandomNetwork(int64_t units, int64_t inputs, int64_t outputs) {
  Network network;
  network.w_in = RandomMatrix(units, inputs, 0);
  network.b_in = RandomMatrix(units, 1, 1);
  network.w_rec = RandomMatrix(units, units, 2) / static_cast<double>(units);
  network.b_rec = RandomMatrix(units, 1, 3);
  network.w_out = RandomMatrix(outputs, units, 4);
  network.b_out = RandomMatrix(outputs, 1, 5);
  return network;
}

// Rows k T + t of rows t K + k.
Matrix ByTrial(const Matrix& by_time, int64_t trials) {
  const int64_t T = by_time.rows() / trials;
  Matrix result(by_time.rows(), by_time.cols());
  for (int64_t k = 0; k < trials; ++k) {
    for (int64_t t = 0; t < T; ++t) {
      result.row(k * T + t) = by_time.row(t * trials + k);
    }
  }
  return result;
}

struct Variant {
  const char* name;
  double dt_ms;
  Update update;
};
constexpr Variant kVariants[] = {
    {"a100_inside", 100, Update::kLeakInside},
    {"a100_inside", 100, Update::kLeakOutside},  // the two coincide
    {"a020_inside", 20, Update::kLeakInside},
    {"a020_outside", 20, Update::kLeakOutside},
};

class GoldenForward : public testing::TestWithParam<const char*> {};

TEST_P(GoldenForward, StatesAndOutputs) {
  const std::string golden = GetParam();
  Network network = GoldenNetwork(golden);
  const Matrix inputs = LoadGolden(golden, "inputs").ToMatrix();
  for (const Variant& variant : kVariants) {
    network.dynamics.dt_ms = variant.dt_ms;
    network.dynamics.update = variant.update;
    const auto run =
        RunNetwork(network, inputs, 16, RowOrder::kByTime, Matrix(), {});
    ASSERT_TRUE(run.ok()) << run.status();
    const std::string name = variant.name;
    // Of one variant the larger case keeps the last state only.
    if (golden == "ctrnn_forward_n64" && name == "a020_outside") {
      ExpectClose(run->activity.bottomRows(16),
                  LoadGolden(golden, "final_state_" + name).ToMatrix(),
                  1e-11,
                  1e-12,
                  "final_state_" + name);
    } else {
      ExpectClose(run->activity,
                  LoadGolden(golden, "states_" + name).ToMatrix(),
                  1e-11,
                  1e-12,
                  "states_" + name);
    }
    ExpectClose(run->outputs,
                LoadGolden(golden, "outputs_" + name).ToMatrix(),
                1e-11,
                1e-12,
                "outputs_" + name);
  }
}

TEST_P(GoldenForward, FromGivenInitialStates) {
  const std::string golden = GetParam();
  Network network = GoldenNetwork(golden);
  network.dynamics.dt_ms = 20;
  network.dynamics.update = Update::kLeakInside;
  const auto run = RunNetwork(network,
                              LoadGolden(golden, "inputs").ToMatrix(),
                              16,
                              RowOrder::kByTime,
                              LoadGolden(golden, "h0").ToMatrix(),
                              {});
  ASSERT_TRUE(run.ok()) << run.status();
  ExpectClose(run->outputs,
              LoadGolden(golden, "outputs_a020_inside_h0").ToMatrix(),
              1e-11,
              1e-12,
              "outputs_a020_inside_h0");
}

INSTANTIATE_TEST_SUITE_P(Cases,
                         GoldenForward,
                         testing::Values("ctrnn_forward_n5",
                                         "ctrnn_forward_n64"));

TEST(RunNetwork, BothRowOrdersHoldTheSameBytes) {
  const Network network = RandomNetwork(13, 3, 2);
  const Matrix by_time = RandomMatrix(5 * 40, 3, 9);
  const auto a =
      RunNetwork(network, by_time, 40, RowOrder::kByTime, Matrix(), {});
  const auto b = RunNetwork(
      network, ByTrial(by_time, 40), 40, RowOrder::kByTrial, Matrix(), {});
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(ByTrial(a->activity, 40), b->activity);
  EXPECT_EQ(ByTrial(a->outputs, 40), b->outputs);
}

TEST(RunNetwork, CountsTheStepsOfAllTrialsWhateverTheirBlocks) {
  // Blocks of 32 and 8 trials; 20 steps are told as 16 and 4.
  const Network network = RandomNetwork(5, 3, 2);
  const Matrix inputs = RandomMatrix(20 * 40, 3, 9);
  ProgressLog log;
  ASSERT_TRUE(
      RunNetwork(network, inputs, 40, RowOrder::kByTime, Matrix(), log.Watch(2))
          .ok());
  EXPECT_THAT(log.Ends(), testing::ElementsAre("simulating: 800 of 800 steps"));
}

TEST(FinalStates, AreTheLastOfRunNetwork) {
  const Network network = RandomNetwork(13, 3, 2);
  const Matrix inputs = RandomMatrix(5 * 40, 3, 9);
  const Matrix initial = RandomMatrix(40, 13, 10);
  const auto run =
      RunNetwork(network, inputs, 40, RowOrder::kByTime, initial, {});
  const auto ends =
      FinalStates(network, inputs, 40, RowOrder::kByTime, initial, {});
  ASSERT_TRUE(run.ok() && ends.ok());
  EXPECT_EQ(*ends, run->activity.bottomRows(40));
  const auto by_trial = FinalStates(
      network, ByTrial(inputs, 40), 40, RowOrder::kByTrial, initial, {});
  ASSERT_TRUE(by_trial.ok());
  EXPECT_EQ(*by_trial, *ends);
}

TEST(RunNetwork, ATrialDoesNotDependOnHowManyRunWithIt) {
  const Network network = RandomNetwork(37, 3, 3);
  const int64_t T = 6;
  const Matrix inputs = RandomMatrix(70 * T, 3, 9);
  const auto all =
      RunNetwork(network, inputs, 70, RowOrder::kByTrial, Matrix(), {});
  ASSERT_TRUE(all.ok());
  for (const int64_t trials : {1, 5, 31, 33, 69}) {
    const auto some = RunNetwork(network,
                                 inputs.topRows(trials * T),
                                 trials,
                                 RowOrder::kByTrial,
                                 Matrix(),
                                 {});
    ASSERT_TRUE(some.ok());
    EXPECT_EQ(some->activity, all->activity.topRows(trials * T)) << trials;
    EXPECT_EQ(some->outputs, all->outputs.topRows(trials * T)) << trials;
  }
}

TEST(RunNetwork, SameBytesAtAnyThreadCount) {
  const Network network = RandomNetwork(20, 3, 3);
  const Matrix inputs = RandomMatrix(200 * 4, 3, 9);
  Execution one;
  Execution four;
  four.threads = 4;
  const auto a =
      RunNetwork(network, inputs, 200, RowOrder::kByTrial, Matrix(), one);
  const auto b =
      RunNetwork(network, inputs, 200, RowOrder::kByTrial, Matrix(), four);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->activity, b->activity);
}

TEST(RunNetwork, OneInitialStateServesEveryTrial) {
  const Network network = RandomNetwork(4, 3, 2);
  const Matrix inputs = RandomMatrix(35 * 2, 3, 9);
  const Matrix state = RandomMatrix(1, 4, 10);
  const auto one =
      RunNetwork(network, inputs, 35, RowOrder::kByTrial, state, {});
  const auto each = RunNetwork(
      network, inputs, 35, RowOrder::kByTrial, state.replicate(35, 1), {});
  ASSERT_TRUE(one.ok() && each.ok());
  EXPECT_EQ(one->activity, each->activity);
}

TEST(RunNetwork, ReportsActivityThatIsNoLongerFinite) {
  Network network = RandomNetwork(2, 1, 1);
  network.w_rec = Matrix::Identity(2, 2) * 1e200;
  network.b_rec.setOnes();
  network.b_in.setZero();
  // r = 1, then about 1e200, then 1e400.
  const auto run = RunNetwork(
      network, Matrix::Zero(3, 1), 1, RowOrder::kByTrial, Matrix(), {});
  EXPECT_EQ(ReasonOf(run.status()), reason::kDiverged);
  EXPECT_NE(run.status().message().find("step 2"), absl::string_view::npos)
      << run.status();
}

TEST(RunNetwork, StopsWhenAsked) {
  StopFlag stop;
  stop.Stop();
  Execution execution;
  execution.stop = &stop;
  const auto run = RunNetwork(RandomNetwork(2, 1, 1),
                              Matrix::Zero(3, 1),
                              1,
                              RowOrder::kByTrial,
                              Matrix(),
                              execution);
  EXPECT_EQ(ReasonOf(run.status()), reason::kCancelled);
}

}  // namespace
}  // namespace modbound
