// Networks of an ensemble whose trials differ in length: what one kind fills
// up, the next one cuts off.
#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/shards.h"
#include "server/analyses/ensemble_cases.h"

namespace modbound {
namespace {

constexpr int64_t kStepsNetworks = 3;
constexpr uint64_t kStepsSeed = 5;

v1::Spec StepsJob(const std::string& json) {
  v1::Spec spec;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &spec);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return spec;
}

constexpr char kStepsTrain[] = R"({"train": {
    "tasks": [{"name": "PERCEPTUAL_DECISION_MAKING"}, {"name": "GO_NOGO"}],
    "model": {"hidden_size": 10, "dt": 50}, "max_steps": 4, "eval_every": 4,
    "eval_trials": 20, "seq_len": 40, "seed": "5"}})";

// The outputs of train and of simulate.
struct SimulatedSteps {
  Outcome trained;
  Outcome simulated;
};

// Of all networks, or of one alone.
void SimulateSteps(int32_t count, uint64_t seed, SimulatedSteps& result) {
  v1::Spec train = StepsJob(kStepsTrain);
  train.mutable_train()->set_count(count);
  train.mutable_train()->set_seed(seed);
  auto trained = RunWithThreads(train, {});
  ASSERT_TRUE(trained.ok()) << trained.status();
  ASSERT_TRUE(PlanJob(train, {}).ok());
  InputArrays network;
  for (const char* name :
       {"w_in", "b_in", "w_rec", "b_rec", "w_out", "b_out"}) {
    network[name] = trained->outputs.at(name);
  }
  v1::Spec simulate = StepsJob(R"({"simulate": {"trials": 12}})");
  simulate.mutable_simulate()->set_seed(seed);
  ASSERT_TRUE(PlanJob(simulate, InfosOf(network, &train)).ok());
  auto simulated = RunWithThreads(simulate, network);
  ASSERT_TRUE(simulated.ok()) << simulated.status();
  result = {*std::move(trained), *std::move(simulated)};
}

class EnsembleSteps : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    results_ = new std::vector<SimulatedSteps>(kStepsNetworks + 1);
    for (int64_t i = 0; i < kStepsNetworks; ++i) {
      SimulateSteps(1, ShardSeed(kStepsSeed, i), results_->at(i));
    }
    SimulateSteps(kStepsNetworks, kStepsSeed, results_->at(kStepsNetworks));
  }
  static void TearDownTestSuite() { delete results_; }

  // What a kind takes of network i, or of all.
  static InputArrays InputsOf(const std::string& kind, int64_t i) {
    const auto& outputs = results_->at(i).simulated.outputs;
    InputArrays inputs;
    inputs["activity"] = outputs.at("activity");
    if (kind == "reduce" || kind == "selectivity") {
      Labels labels;
      for (int32_t unit = 0; unit < 10; ++unit) {
        labels.push_back(unit % 3);
      }
      inputs["labels"] = HostArray::FromLabels(labels, {});
    }
    if (kind == "selectivity") {
      for (const auto& [name, array] : outputs) {
        if (name.rfind("variables/", 0) == 0) {
          inputs[name] = array;
        }
      }
      inputs["variables/trial"] = outputs.at("trial");
      inputs["outputs"] = outputs.at("outputs");
    }
    if (kind == "jacobian_similarity") {
      for (const char* name :
           {"w_in", "b_in", "w_rec", "b_rec", "w_out", "b_out"}) {
        inputs[name] = results_->at(i).trained.outputs.at(name);
      }
      inputs["states"] = inputs.at("activity");
      inputs["inputs"] = outputs.at("inputs");
      inputs.erase("activity");
    }
    return inputs;
  }

  static std::vector<SimulatedSteps>* results_;
};

std::vector<SimulatedSteps>* EnsembleSteps::results_ = nullptr;

TEST_F(EnsembleSteps, AreThoseOfEachNetworkInTheNextJob) {
  std::vector<int64_t> steps;
  for (int64_t i = 0; i < kStepsNetworks; ++i) {
    steps.push_back(InputsOf("partition", i).at("activity").shape()[0]);
  }
  // Otherwise there is nothing to see.
  ASSERT_TRUE(steps[0] != steps[1] || steps[1] != steps[2]);
  const std::map<std::string, std::string> specs = {
      {"partition", R"({"runs": 4, "seed": "5"})"},
      {"reduce", "{}"},
      {"selectivity", "{}"},
      {"jacobian_similarity",
       R"({"mode": "GIVEN_STATES", "null_count": 10, "seed": "5"})"}};
  for (const auto& [kind, text] : specs) {
    SCOPED_TRACE(kind);
    const v1::Spec spec = StepsJob("{\"" + kind + "\": " + text + "}");
    const auto all = RunWithThreads(spec, InputsOf(kind, kStepsNetworks), 2);
    ASSERT_TRUE(all.ok()) << all.status();
    EXPECT_EQ(all->summary.ensemble().failed_networks(), 0)
        << all->summary.ensemble().ShortDebugString();
    for (int64_t i = 0; i < kStepsNetworks; ++i) {
      v1::Spec alone = spec;
      SetSeed(kind, ShardSeed(kStepsSeed, i), alone);
      const auto one = RunWithThreads(alone, InputsOf(kind, i));
      ASSERT_TRUE(one.ok()) << one.status();
      for (const auto& [name, array] : one->outputs) {
        ExpectSlice(all->outputs.at(name), array, i, name);
      }
    }
  }
}

// Refusals of the networks, "1 NOT_FINITE inputs.activity".
std::vector<std::string> FailuresOf(const v1::Spec& spec,
                                    const InputArrays& inputs) {
  const auto all = RunWithThreads(spec, inputs);
  EXPECT_TRUE(all.ok()) << all.status();
  std::vector<std::string> failures;
  if (all.ok()) {
    for (const auto& failure : all->summary.ensemble().failures()) {
      failures.push_back(std::to_string(failure.network()) + " " +
                         failure.reason() + " " + failure.field());
    }
  }
  return failures;
}

// A copy of its own, of which network 1's last `rows` rows are NaN.
HostArray WithoutRows(const HostArray& array, int64_t rows) {
  std::vector<double> values = array.ToDoubles();
  const int64_t row = array.size() / array.shape()[0] / array.shape()[1];
  const int64_t end = 2 * row * array.shape()[1];
  std::fill(values.begin() + end - rows * row,
            values.begin() + end,
            std::numeric_limits<double>::quiet_NaN());
  return HostArray::FromDoubles(values, array.shape(), {});
}

TEST_F(EnsembleSteps, OfANetworkThatFailedAreNotCutToNothing) {
  InputArrays inputs = CaseEnsemble("partition", kStepsNetworks);
  inputs["activity"] = WithoutRows(inputs["activity"], kCaseSteps);
  EXPECT_EQ(FailuresOf(CaseSpec("partition"), inputs),
            std::vector<std::string>{"1 NOT_FINITE inputs.activity"});
}

TEST_F(EnsembleSteps, AreCutAlikeInAllInputs) {
  const std::string kind = "selectivity";
  InputArrays inputs = CaseEnsemble(kind, kStepsNetworks);
  inputs["variables/drift"] = WithoutRows(inputs["variables/drift"], 3);
  // The others have values there: a hole and no filling.
  EXPECT_EQ(FailuresOf(CaseSpec(kind), inputs),
            std::vector<std::string>{"1 NOT_FINITE inputs.variables/drift"});
  inputs["activity"] = WithoutRows(inputs["activity"], 3);
  inputs["outputs"] = WithoutRows(inputs["outputs"], 3);
  EXPECT_TRUE(FailuresOf(CaseSpec(kind), inputs).empty());
}

}  // namespace
}  // namespace modbound
