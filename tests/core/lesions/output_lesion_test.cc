#include "core/lesions/output_lesion.h"

#include <cmath>
#include <cstring>
#include <string>

#include "core/base/error.h"
#include "core/statistics/t_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/golden.h"
#include "support/golden_network.h"
#include "support/memory_checkpoint.h"
#include "support/progress_log.h"
#include "support/threads.h"

namespace modbound {
namespace {

class OutputLesionGolden : public testing::TestWithParam<const char*> {
 protected:
  GoldenArray Golden(const std::string& array) const {
    return LoadGolden(GetParam(), array);
  }
};

std::vector<int64_t> UnitsOf(const Labels& labels, int32_t module) {
  std::vector<int64_t> units;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == module) {
      units.push_back(static_cast<int64_t>(i));
    }
  }
  return units;
}

TEST_P(OutputLesionGolden, DecisionsAndAccuraciesAgreeExactly) {
  const Network network = GoldenNetwork(GetParam());
  const Labels ground_truth = Golden("ground_truth").ToLabels();
  const Labels modules = Golden("modules").ToLabels();
  const auto ends = EndsOfSequence(
      network, Golden("inputs").ToMatrix(), ground_truth, Threads(2));
  ASSERT_TRUE(ends.ok()) << ends.status();
  EXPECT_EQ(*ChoicesWithout(network, ends->states, {}, Threads(1)),
            Golden("decision_intact").ToLabels());
  const Matrix decisions = Golden("decision_lesioned").ToMatrix();
  for (int64_t m = 0; m < decisions.rows(); ++m) {
    const auto choices =
        ChoicesWithout(network,
                       ends->states,
                       UnitsOf(modules, static_cast<int32_t>(m)),
                       Threads(1));
    ASSERT_TRUE(choices.ok());
    for (int64_t k = 0; k < decisions.cols(); ++k) {
      EXPECT_EQ((*choices)[static_cast<std::size_t>(k)], decisions(m, k))
          << "module " << m << " trial " << k;
    }
  }
  OutputLesionOptions options;
  options.repeats = 1;
  options.controls = 3;
  const auto result = ComputeOutputLesion(
      network,
      modules,
      [&](int64_t, const Execution&) { return ends; },
      options,
      Threads(2));
  ASSERT_TRUE(result.ok()) << result.status();
  ExpectClose(result->intact_accuracy,
              Golden("accuracy_intact").ToVector(),
              0,
              1e-12,
              "intact");
  const Matrix accuracy = Golden("accuracy_lesioned").ToMatrix();
  for (int64_t m = 0; m < accuracy.rows(); ++m) {
    ExpectClose(result->accuracy.middleRows(2 * m, 2),
                accuracy.row(m).transpose(),
                0,
                1e-12,
                "module " + std::to_string(m));
    // One repeat: no test can be had.
    EXPECT_TRUE(std::isnan(result->t(m)));
    EXPECT_TRUE(result->zero_variance[static_cast<std::size_t>(m)]);
  }
}

INSTANTIATE_TEST_SUITE_P(OutputLesion,
                         OutputLesionGolden,
                         testing::Values("output_lesion_gng",
                                         "output_lesion_pdm"));

// Output k is the sum of units 2k and 2k + 1; b_out favours output 0.
Network TwoOutputNetwork() {
  Network network;
  network.w_rec = Matrix::Zero(4, 4);
  network.w_in = Matrix::Zero(4, 1);
  network.b_in = network.b_rec = Vector::Zero(4);
  network.w_out.resize(2, 4);
  network.w_out << 1, 1, 0, 0, 0, 0, 1, 1;
  network.b_out.resize(2);
  network.b_out << 0.1, 0;
  return network;
}

// Trials whose outputs say their type; from repeat 1 on one of type 1 is weak
// in unit 3, from repeat 2 on none of type 0 exist.
absl::StatusOr<TrialEnds> SmallTrials(int64_t repeat, const Execution&) {
  TrialEnds ends;
  ends.states.resize(4, 4);
  ends.states << 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 1,
      repeat == 0 ? 1 : 0.05;
  ends.types = {0, 0, 1, 1};
  if (repeat >= 2) {
    ends.types[0] = ends.types[1] = -1;
  }
  for (const int32_t target : {0, 0, 1, 1}) {
    ends.judgements.push_back(Judgement::AtStep(0, target));
  }
  return ends;
}

OutputLesionOptions Options(int64_t repeats, int64_t controls) {
  OutputLesionOptions options;
  options.repeats = repeats;
  options.controls = controls;
  return options;
}

TEST(OutputLesion, OneModuleAtATimeByHand) {
  // Modules {0, 1}, {2}, {3}. Without {0, 1} output 0 is b_out = 0.1: type 0
  // still right (0.1 > 0), type 1 too. Without {2} type 1 has output 1 from
  // unit 3 alone: 1 > 0.1 right, 0.05 < 0.1 wrong.
  const auto result = ComputeOutputLesion(
      TwoOutputNetwork(), {0, 0, 1, 2}, SmallTrials, Options(2, 0), Threads(1));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->modules, (std::vector<int32_t>{0, 1, 2}));
  EXPECT_EQ(result->sizes, (std::vector<int64_t>{2, 1, 1}));
  Matrix expected(6, 2);
  expected << 1, 1, 1, 1, 1, 1, 1, 0.5, 1, 1, 1, 1;
  EXPECT_EQ(result->accuracy, expected);
  EXPECT_EQ(result->intact_accuracy, Matrix::Ones(2, 2));
  EXPECT_EQ(result->control_accuracy.size(), 0);
  // Module 1: (1, 1) against (1, .5), df 2: t = .25 / sqrt(.125/2 * (1/2+1/2))
  // = 1.
  EXPECT_NEAR(result->t(1), 1, 1e-14);
  EXPECT_NEAR(result->p(1), TwoSidedP(1, 2), 1e-12);
  EXPECT_FALSE(result->zero_variance[1]);
  EXPECT_NEAR(result->t_change(1, 1), -1, 1e-14);
  EXPECT_TRUE(std::isnan(result->t_change(1, 0)));
  // Module 0: no variance anywhere.
  EXPECT_TRUE(std::isnan(result->t(0)));
  EXPECT_TRUE(std::isnan(result->p(0)));
  EXPECT_TRUE(result->zero_variance[0]);
}

TEST(OutputLesion, RepeatsWithoutATypeAreLeftOut) {
  const auto result = ComputeOutputLesion(
      TwoOutputNetwork(), {0, 0, 1, 2}, SmallTrials, Options(4, 2), Threads(1));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(std::isnan(result->intact_accuracy(0, 3)));
  EXPECT_EQ(result->intact_accuracy(1, 3), 1);
  EXPECT_TRUE(std::isfinite(result->control_accuracy(1, 0)));
  // Type 0: (1, 1); type 1: (1, .5, .5, .5). Still a test.
  EXPECT_TRUE(std::isfinite(result->t(1)));
}

TEST(OutputLesion, ControlsHaveTheModulesSizeAmongLabelledUnits) {
  // Unit 3 is in no module: a control of a module of three units is the module
  // itself, and its accuracy that of the lesion.
  OutputLesionOptions options = Options(2, 7);
  const auto result = ComputeOutputLesion(
      TwoOutputNetwork(), {5, 5, 5, -1}, SmallTrials, options, Threads(1));
  ASSERT_TRUE(result.ok());
  for (int64_t type = 0; type < 2; ++type) {
    EXPECT_NEAR(result->control_accuracy(0, type),
                result->accuracy.row(type).mean(),
                1e-15);
  }
}

TEST(OutputLesion, ModulesAreThoseAskedForInTheirOrder) {
  OutputLesionOptions options = Options(2, 5);
  options.modules = {2, 0};
  const auto some = ComputeOutputLesion(
      TwoOutputNetwork(), {0, 0, 1, 2}, SmallTrials, options, Threads(1));
  const auto all = ComputeOutputLesion(
      TwoOutputNetwork(), {0, 0, 1, 2}, SmallTrials, Options(2, 5), Threads(1));
  ASSERT_TRUE(some.ok() && all.ok());
  EXPECT_EQ(some->modules, (std::vector<int32_t>{2, 0}));
  EXPECT_EQ(some->accuracy.middleRows(0, 2), all->accuracy.middleRows(4, 2));
  EXPECT_EQ(some->control_accuracy.row(1), all->control_accuracy.row(0));
}

Task SmallTask() {
  return *Task::Make(*DefaultTaskSpec("PERCEPTUAL_DECISION_MAKING"), 100);
}

TEST(OutputLesion, TrialsOfATaskAreFreshInEachRepeat) {
  Network network = TwoOutputNetwork();
  network.w_in = Matrix::Ones(4, 3);
  // Inputs are 0 at the last step: the state must remember.
  network.w_rec = 0.5 * Matrix::Identity(4, 4);
  network.w_out = Matrix::Ones(3, 4);
  network.b_out = Vector::Zero(3);
  const Task task = SmallTask();
  const TrialSource source = TrialsOfTask(network, task, 40, 9);
  const auto first = source(0, Threads(1));
  const auto second = source(1, Threads(1));
  const auto again = source(0, Threads(2));
  ASSERT_TRUE(first.ok() && second.ok() && again.ok());
  EXPECT_EQ(first->states, again->states);
  EXPECT_NE(first->states, second->states);
  // Zero coherence is one draw in five: some trials do not count.
  int64_t left_out = 0;
  for (std::size_t k = 0; k < first->types.size(); ++k) {
    left_out += first->types[k] < 0 ? 1 : 0;
    if (first->types[k] >= 0) {
      EXPECT_EQ(first->judgements[k].targets,
                std::vector<int32_t>{first->types[k] + 1});
    }
  }
  EXPECT_GT(left_out, 0);
  EXPECT_LT(left_out, 30);
}

// Equal bytes, so that NaN is equal to itself.
template <typename Values>
void ExpectSameBytes(const Values& a, const Values& b) {
  ASSERT_EQ(a.rows(), b.rows());
  ASSERT_EQ(a.cols(), b.cols());
  EXPECT_EQ(std::memcmp(a.data(),
                        b.data(),
                        static_cast<std::size_t>(a.size()) * sizeof(double)),
            0);
}

TEST(OutputLesion, BytesDoNotDependOnThreads) {
  const auto compute = [](int threads) {
    return *ComputeOutputLesion(TwoOutputNetwork(),
                                {0, 1, 1, 2},
                                SmallTrials,
                                Options(3, 40),
                                Threads(threads));
  };
  const OutputLesion one = compute(1);
  for (const int threads : {2, 4}) {
    const OutputLesion many = compute(threads);
    EXPECT_EQ(one.modules, many.modules);
    EXPECT_EQ(one.sizes, many.sizes);
    ExpectSameBytes(one.intact_accuracy, many.intact_accuracy);
    ExpectSameBytes(one.accuracy, many.accuracy);
    ExpectSameBytes(one.control_accuracy, many.control_accuracy);
    ExpectSameBytes(one.t, many.t);
    ExpectSameBytes(one.p, many.p);
    ExpectSameBytes(one.t_change, many.t_change);
    ExpectSameBytes(one.p_change, many.p_change);
    EXPECT_EQ(one.zero_variance, many.zero_variance);
  }
}

TEST(OutputLesion, CountsEveryLesionOfEveryRepeat) {
  const TrialSource source = [](int64_t repeat, const Execution& execution) {
    // One unit of the count: what it takes is not told.
    execution.Report({0, 1, "steps", "simulating", {}});
    return SmallTrials(repeat, execution);
  };
  ProgressLog log;
  ASSERT_TRUE(ComputeOutputLesion(TwoOutputNetwork(),
                                  {0, 1, 1, 2},
                                  source,
                                  Options(3, 40),
                                  log.Watch(2))
                  .ok());
  // Three modules, each with 40 control sets, in three repeats.
  EXPECT_THAT(log.Ends(), testing::ElementsAre("lesions: 369 of 369 lesions"));
}

TEST(OutputLesion, RefusesModulesThatAreNotThere) {
  const auto status = [](const Labels& labels,
                         const std::vector<int32_t>& modules) {
    OutputLesionOptions options = Options(1, 0);
    options.modules = modules;
    return ComputeOutputLesion(
               TwoOutputNetwork(), labels, SmallTrials, options, Threads(1))
        .status();
  };
  EXPECT_EQ(FieldOf(status({0, 0, 1, 1}, {2})), "modules");
  EXPECT_EQ(ReasonOf(status({0, 0, 1, 1}, {2})), reason::kContradiction);
  EXPECT_EQ(FieldOf(status({0, 0, 1, 1}, {1, 1})), "modules");
  EXPECT_EQ(ReasonOf(status({0, 0, 1}, {})), reason::kWrongShape);
  EXPECT_EQ(ReasonOf(status({-1, -1, -1, -1}, {})), reason::kDegenerate);
}

TEST(OutputLesion, RefusesSequencesThatDoNotFit) {
  Network network = TwoOutputNetwork();
  const auto status = [&](int64_t rows,
                          int64_t channels,
                          const std::vector<int32_t>& ground_truth) {
    return EndsOfSequence(
               network, Matrix::Zero(rows, channels), ground_truth, Threads(1))
        .status();
  };
  EXPECT_EQ(FieldOf(status(6, 1, {0, 1, 0, 1})), "ground_truth");
  EXPECT_EQ(FieldOf(status(6, 2, {0, 1})), "input_sequence");
  EXPECT_EQ(FieldOf(status(0, 1, {0, 1})), "input_sequence");
  EXPECT_EQ(ReasonOf(status(6, 1, {0, 2})), reason::kOutOfRange);
  network.w_out = Matrix::Zero(4, 4);
  network.b_out = Vector::Zero(4);
  EXPECT_EQ(ReasonOf(status(6, 1, {0, 1})), reason::kContradiction);
}

TEST(OutputLesion, GoesOnFromEachCheckpointWithTheSameBytes) {
  const Network network = GoldenNetwork("output_lesion_pdm");
  const Labels modules = LoadGolden("output_lesion_pdm", "modules").ToLabels();
  const auto ends =
      EndsOfSequence(network,
                     LoadGolden("output_lesion_pdm", "inputs").ToMatrix(),
                     LoadGolden("output_lesion_pdm", "ground_truth").ToLabels(),
                     Threads(1));
  ASSERT_TRUE(ends.ok()) << ends.status();
  OutputLesionOptions options;
  options.repeats = 4;
  options.controls = 40;
  ExpectGoesOn(
      [&](const Execution& execution) -> absl::StatusOr<std::string> {
        const auto result = ComputeOutputLesion(
            network,
            modules,
            [&](int64_t repeat, const Execution&) {
              // Every repeat has trials of its own.
              TrialEnds others = *ends;
              others.states *= 1 + 0.1 * static_cast<double>(repeat);
              return others;
            },
            options,
            execution);
        if (!result.ok()) {
          return result.status();
        }
        std::string bytes;
        AppendBytes(result->accuracy, bytes);
        AppendBytes(result->intact_accuracy, bytes);
        AppendBytes(result->control_accuracy, bytes);
        AppendBytes(result->t, bytes);
        AppendBytes(result->p_change, bytes);
        return bytes;
      },
      // Of each repeat: 3 blocks of controls for each module, and its end.
      4 * (3 * 2 + 1));
}

}  // namespace
}  // namespace modbound
