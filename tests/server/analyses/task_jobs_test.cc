// Jobs of every task, of random lengths, and of several tasks at once.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "server/analyses/analysis.h"
#include "server/analyses/network_cases.h"

namespace modbound {
namespace {

constexpr int64_t kJobBytes = int64_t{1} << 32;

v1::Spec JobOf(const std::string& json) {
  v1::Spec spec;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &spec);
  EXPECT_TRUE(status.ok()) << status.ToString() << "\n" << json;
  return spec;
}

// A short train job of `what` ("task": ... or "tasks": ...).
v1::Spec TrainOf(const std::string& what, int max_steps = 4) {
  return JobOf(R"({"train": {)" + what +
               R"(, "model": {"hidden_size": 12, "dt": 50}, "max_steps": )" +
               std::to_string(max_steps) +
               R"(, "eval_every": 2, "eval_trials": 40, "seq_len": 60}})");
}

// The trained network as inputs of another job.
InputArrays TrainedNetwork(const Outcome& trained) {
  InputArrays network;
  for (const char* name :
       {"w_in", "b_in", "w_rec", "b_rec", "w_out", "b_out"}) {
    network[name] = trained.outputs.at(name);
  }
  return network;
}

InputInfos ArrayInfos(const InputArrays& arrays, const v1::Spec* producer) {
  InputInfos infos;
  for (const auto& [name, array] : arrays) {
    infos[name] = {array.dtype(), array.shape(), std::nullopt, producer};
  }
  return infos;
}

// Trains, fills `json` from the train job as a submit does, and runs it on the
// trained network and `more`.
absl::StatusOr<Outcome> RunOnTrained(v1::Spec train,
                                     const std::string& json,
                                     const InputArrays& more = {},
                                     const Execution& execution = {}) {
  MODBOUND_ASSIGN_OR_RETURN(const Outcome trained,
                            RunJob(train, {}, kJobBytes, {}));
  EXPECT_TRUE(PlanJob(train, {}).ok());
  InputArrays inputs = TrainedNetwork(trained);
  InputInfos infos = ArrayInfos(inputs, &train);
  for (const auto& [name, array] : more) {
    inputs[name] = array;
    infos[name] = {array.dtype(), array.shape(), std::nullopt, nullptr};
  }
  v1::Spec spec = JobOf(json);
  MODBOUND_ASSIGN_OR_RETURN(const Plan plan, PlanJob(spec, infos));
  MODBOUND_ASSIGN_OR_RETURN(Outcome outcome,
                            RunJob(spec, inputs, kJobBytes, execution));
  ExpectOutputsOfPlan(plan, outcome);
  EXPECT_GE(outcome.peak_job_bytes, 1);
  return outcome;
}

std::vector<std::string> AllTaskWords() {
  std::vector<std::string> words;
  for (int i = 1; v1::Task::Name_IsValid(i); ++i) {
    words.push_back(v1::Task::Name_Name(static_cast<v1::Task::Name>(i)));
  }
  return words;
}

class EveryTask : public testing::TestWithParam<std::string> {};

TEST_P(EveryTask, TrainsAndIsSimulated) {
  const auto outcome =
      RunOnTrained(TrainOf(R"("task": {"name": ")" + GetParam() + R"("})"),
                   R"({"simulate": {"trials": 37}})");
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const auto& outputs = outcome->outputs;
  const std::vector<double> trial = outputs.at("trial").ToDoubles();
  EXPECT_TRUE(std::is_sorted(trial.begin(), trial.end()));
  EXPECT_EQ(trial.front(), 0);
  EXPECT_EQ(trial.back(), 36);
  EXPECT_EQ(outputs.count("context"), 0U);
  for (const char* name : {"activity", "outputs", "inputs"}) {
    EXPECT_EQ(outputs.at(name).shape()[0], static_cast<int64_t>(trial.size()));
  }
  const std::vector<double> correct = outputs.at("correct").ToDoubles();
  double right = 0;
  for (const double one : correct) {
    right += one;
  }
  EXPECT_DOUBLE_EQ(outcome->summary.simulate().accuracy_all(), right / 37);
  // The choice is the largest output of each trial's own last row.
  const Matrix values = outputs.at("outputs").ToMatrix();
  for (int64_t k = 0; k < 37; ++k) {
    const auto end =
        std::upper_bound(trial.begin(), trial.end(), static_cast<double>(k));
    Eigen::Index best = 0;
    values.row(end - trial.begin() - 1).maxCoeff(&best);
    EXPECT_EQ(outputs.at("choice").At(k), static_cast<double>(best));
  }
}

TEST_P(EveryTask, IsLesionedAndLinearised) {
  const std::string train = R"("task": {"name": ")" + GetParam() + R"("})";
  const HostArray labels =
      HostArray::FromInts({0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1}, {12}, {"unit"});
  const auto lesion = RunOnTrained(
      TrainOf(train),
      R"({"output_lesion": {"trials": 30, "repeats": 2, "controls": 3}})",
      {{"labels", labels}});
  ASSERT_TRUE(lesion.ok()) << lesion.status();
  // Two modules, the trial types of the task, two repeats; NaN without trials
  // of a type.
  const HostArray& accuracy = lesion->outputs.at("accuracy");
  const HostArray& intact = lesion->outputs.at("intact_accuracy");
  EXPECT_EQ(accuracy.shape(), (std::vector<int64_t>{2, intact.shape()[0], 2}));
  int64_t numbers = 0;
  for (const double share : accuracy.ToDoubles()) {
    if (!std::isnan(share)) {
      EXPECT_TRUE(share >= 0 && share <= 1) << share;
      ++numbers;
    }
  }
  EXPECT_GT(numbers, 0);
  const auto jacobian = RunOnTrained(
      TrainOf(train),
      R"({"jacobian_similarity": {"trials": 20, "null_count": 10}})");
  ASSERT_TRUE(jacobian.ok()) << jacobian.status();
  EXPECT_LE(std::abs(jacobian->summary.jacobian_similarity().step().r()), 1);
  EXPECT_EQ(jacobian->outputs.at("jacobian").shape(),
            (std::vector<int64_t>{12, 12}));
  const auto similarity = RunOnTrained(
      TrainOf(train),
      R"({"lesion_similarity": {"trials": 20, "grid": 4, "null_count": 10}})");
  ASSERT_TRUE(similarity.ok()) << similarity.status();
  EXPECT_EQ(similarity->outputs.at("flow_distance").shape(),
            (std::vector<int64_t>{16, 12}));
  EXPECT_GT(similarity->outputs.at("flow_distance").ToMatrix().maxCoeff(), 0);
}

INSTANTIATE_TEST_SUITE_P(Tasks, EveryTask, testing::ValuesIn(AllTaskWords()));

// Lesions that lesion nothing leave what a simulation of the same trials finds:
// judged over several steps.
TEST(TaskJobs, IntactAccuracyIsTheSharesOfRightTrials) {
  for (const char* name : {"READY_SET_GO", "DUAL_DELAY_MATCH_SAMPLE"}) {
    SCOPED_TRACE(name);
    // Trained for long enough to be right now and then.
    const v1::Spec train =
        TrainOf(std::string(R"("task": {"name": ")") + name + R"("})", 250);
    const auto lesion = RunOnTrained(
        train,
        R"({"output_lesion": {"trials": 300, "repeats": 3, "controls": 0}})",
        {{"labels",
          HostArray::FromInts(
              {0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1}, {12}, {"unit"})}});
    const auto simulated =
        RunOnTrained(train, R"({"simulate": {"trials": 900}})");
    ASSERT_TRUE(lesion.ok() && simulated.ok());
    const Matrix intact = lesion->outputs.at("intact_accuracy").ToMatrix();
    const std::vector<double> truth =
        simulated->outputs.at("ground_truth").ToDoubles();
    const std::vector<double> correct =
        simulated->outputs.at("correct").ToDoubles();
    for (int64_t type = 0; type < intact.rows(); ++type) {
      double count = 0;
      double right = 0;
      for (std::size_t k = 0; k < truth.size(); ++k) {
        if (truth[k] == static_cast<double>(type)) {
          count += 1;
          right += correct[k];
        }
      }
      // Two samples of some 225 trials or more: five sd of their difference.
      EXPECT_NEAR(
          intact.row(type).mean(), right / count, 5 * .5 * std::sqrt(2 / 225.0))
          << type;
    }
  }
}

constexpr char kTwoTasks[] =
    R"("tasks": [{"name": "PERCEPTUAL_DECISION_MAKING"},)"
    R"({"name": "CONTEXT_DECISION_MAKING", "coherences": [50]},)"
    R"({"name": "GO_NOGO"}])";

TEST(TaskJobs, SeveralTasksTrainOneNetwork) {
  v1::Spec train = TrainOf(kTwoTasks);
  const auto outcome = RunJob(train, {}, kJobBytes, {});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  // 3 + 7 + 3 inputs, 3 + 3 + 2 outputs.
  EXPECT_EQ(outcome->outputs.at("w_in").shape(),
            (std::vector<int64_t>{12, 13}));
  EXPECT_EQ(outcome->outputs.at("w_out").shape(),
            (std::vector<int64_t>{8, 12}));
  // 9 signed coherences of the first, 2 of the second, none of the third.
  const Matrix curve = outcome->outputs.at("psychometric").ToMatrix();
  ASSERT_EQ(curve.rows(), 11);
  EXPECT_EQ(curve(0, 0), -51.2);
  EXPECT_EQ(curve(9, 0), -50);
  EXPECT_EQ(curve(10, 0), 50);
  EXPECT_GT(curve.col(2).tail(2).sum(), 0);
  EXPECT_LT(curve.col(2).sum(), 40);
}

TEST(TaskJobs, ANetworkOfSeveralTasksIsSimulatedOnThem) {
  const auto outcome =
      RunOnTrained(TrainOf(kTwoTasks), R"({"simulate": {"trials": 60}})");
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const auto& outputs = outcome->outputs;
  const std::vector<double> context = outputs.at("context").ToDoubles();
  ASSERT_EQ(context.size(), 60U);
  EXPECT_EQ(*std::max_element(context.begin(), context.end()), 2);
  const Matrix inputs = outputs.at("inputs").ToMatrix();
  const int64_t begins[] = {0, 3, 10, 13};
  for (int64_t row = 0; row < inputs.rows(); ++row) {
    const auto task = static_cast<std::size_t>(
        context[static_cast<std::size_t>(outputs.at("trial").At(row))]);
    // The other tasks' inputs are 0.
    EXPECT_EQ(inputs.row(row).head(begins[task]).norm(), 0);
    EXPECT_EQ(inputs.row(row).tail(13 - begins[task + 1]).norm(), 0);
  }
  for (const char* name : {"variables/fixation",
                           "variables/cue",
                           "variables/context",
                           "variables/cumulative_means"}) {
    EXPECT_EQ(outputs.at(name).shape()[0], inputs.rows()) << name;
  }
  EXPECT_TRUE(outcome->summary.simulate().has_accuracy());
}

TEST(TaskJobs, ANetworkOfSeveralTasksIsAnalysed) {
  const HostArray labels =
      HostArray::FromInts({0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1}, {12}, {"unit"});
  const auto lesion = RunOnTrained(
      TrainOf(kTwoTasks),
      R"({"output_lesion": {"trials": 60, "repeats": 2, "controls": 0}})",
      {{"labels", labels}});
  ASSERT_TRUE(lesion.ok()) << lesion.status();
  // Two types of each task.
  EXPECT_EQ(lesion->outputs.at("intact_accuracy").shape(),
            (std::vector<int64_t>{6, 2}));
  EXPECT_TRUE(RunOnTrained(TrainOf(kTwoTasks),
                           R"({"jacobian_similarity": {"null_count": 10}})")
                  .ok());
  const auto without = RunOnTrained(
      TrainOf(kTwoTasks), R"({"lesion_similarity": {"null_count": 10}})");
  EXPECT_EQ(ReasonOf(without.status()), "MISSING_FIELD");
  EXPECT_EQ(FieldOf(without.status()), "spec.lesion_similarity.input");
  const auto with =
      RunOnTrained(TrainOf(kTwoTasks),
                   R"({"lesion_similarity": {"null_count": 10, "grid": 4,
          "input": [1, 0.5, 0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}})");
  EXPECT_TRUE(with.ok()) << with.status();
}

TEST(TaskJobs, BytesOfSeveralTasksDoNotDependOnThreads) {
  // Three blocks of trials.
  const std::string simulate = R"({"simulate": {"trials": 70}})";
  Execution four;
  four.threads = 4;
  const auto a = RunOnTrained(TrainOf(kTwoTasks), simulate);
  const auto b = RunOnTrained(TrainOf(kTwoTasks), simulate, {}, four);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->outputs.at("trial").At(a->outputs.at("trial").size() - 1), 69);
  for (const auto& [name, array] : a->outputs) {
    EXPECT_EQ(array.ToDoubles(), b->outputs.at(name).ToDoubles()) << name;
  }
}

struct BadTask {
  const char* what;
  const char* reason;
  const char* field;
};

TEST(TaskJobs, BadTasksAreRefusedByName) {
  for (const BadTask& bad : std::initializer_list<BadTask>{
           {R"("batch_size": 4)", "MISSING_FIELD", "task"},
           {R"("tasks": [])", "MISSING_FIELD", "task"},
           {R"("task": {"name": "GO_NOGO"}, "tasks": [{"name": "GO_NOGO"}])",
            "CONTRADICTION",
            "tasks"},
           {R"("tasks": [{"name": "GO_NOGO"}, {}])",
            "MISSING_FIELD",
            "tasks[1].name"},
           {R"("task": {"name": 99})", "OUT_OF_RANGE", "task.name"},
           {R"("tasks": [{"name": "GO_NOGO"},
                         {"name": "GO_NOGO", "stimulus_ms": 20}])",
            "OUT_OF_RANGE",
            "tasks[1].stimulus_ms"},
           {R"("tasks": [{"name": "GO_NOGO", "sigma": 1}])",
            "OUT_OF_RANGE",
            "tasks[0].sigma"},
           {R"("tasks": [{"name": "GO_NOGO"},
                {"name": "PERCEPTUAL_DECISION_MAKING", "coherences": [0]}])",
            "OUT_OF_RANGE",
            "tasks[1].coherences"},
           {R"("task": {"name": "DELAY_MATCH_SAMPLE", "test_ms": 49})",
            "OUT_OF_RANGE",
            "task.test_ms"},
           {R"("task": {"name": "READY_SET_GO", "set_ms": 40})",
            "OUT_OF_RANGE",
            "task.set_ms"},
           {R"("task": {"name": "GO_NOGO", "random": [{"period": "DELAY",
                "uniform": {"min_ms": 300, "max_ms": 200}}]})",
            "OUT_OF_RANGE",
            "task.random"},
           {R"("task": {"name": "GO_NOGO", "random": [{"period": "STIMULUS",
                "uniform": {"min_ms": 30, "max_ms": 200}}]})",
            "OUT_OF_RANGE",
            "task.random"},
           {R"("task": {"name": "GO_NOGO", "random": [{"period": "DELAY",
                "choice": {}}]})",
            "OUT_OF_RANGE",
            "task.random"},
           {R"("task": {"name": "GO_NOGO", "random": [{"period": "DELAY",
                "uniform": {"min_ms": 300}}]})",
            "MISSING_FIELD",
            "task.random[0].uniform.max_ms"},
           {R"("task": {"name": "GO_NOGO", "random": [{"period": "DELAY",
                "choice": {"lengths_ms": [10, -1]}}]})",
            "OUT_OF_RANGE",
            "task.random[0].choice.lengths_ms[1]"},
           {R"("task": {"name": "GO_NOGO", "random": [{
                "choice": {"lengths_ms": [10]}}]})",
            "MISSING_FIELD",
            "task.random[0].period"},
           {R"("task": {"name": "ANTI_REACH", "dim_ring": 1})",
            "OUT_OF_RANGE",
            "task.dim_ring"},
           {R"("task": {"name": "DELAY_COMPARISON",
                "value_pairs": [{"larger": 1, "smaller": 2}]})",
            "OUT_OF_RANGE",
            "task.value_pairs"}}) {
    SCOPED_TRACE(bad.what);
    v1::Spec spec = TrainOf(bad.what);
    const absl::Status status = PlanJob(spec, {}).status();
    EXPECT_EQ(ReasonOf(status), bad.reason) << status;
    EXPECT_EQ(FieldOf(status), std::string("spec.train.") + bad.field);
  }
}

TEST(TaskJobs, SeveralTasksMustFitTheNetwork) {
  const auto outcome = RunOnTrained(
      TrainOf(R"("task": {"name": "GO_NOGO"})"),
      R"({"simulate": {"tasks": [{"name": "GO_NOGO"}, {"name": "GO_NOGO"}]}})");
  EXPECT_EQ(ReasonOf(outcome.status()), "CONTRADICTION");
  EXPECT_EQ(FieldOf(outcome.status()), "spec.simulate.tasks");
  // One of several tasks does not fit all their inputs either.
  const auto one = RunOnTrained(
      TrainOf(kTwoTasks), R"({"simulate": {"task": {"name": "GO_NOGO"}}})");
  EXPECT_EQ(FieldOf(one.status()), "spec.simulate.task");
}

}  // namespace
}  // namespace modbound
