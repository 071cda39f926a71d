#include "server/analyses/task_message.h"

#include "core/base/error.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

v1::Task TaskMessage(const std::string& json) {
  v1::Task task;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &task);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return task;
}

std::string JsonOf(const v1::Task& task) {
  std::string json;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  EXPECT_TRUE(
      google::protobuf::util::MessageToJsonString(task, &json, options).ok());
  return json;
}

TEST(TaskMessage, DefaultsAreThoseOfTheTask) {
  v1::Task task = TaskMessage(R"({"name": "INTERVAL_DISCRIMINATION"})");
  ASSERT_TRUE(FillTaskDefaults("task", task).ok());
  EXPECT_EQ(JsonOf(task),
            R"({"name":"INTERVAL_DISCRIMINATION","fixation_ms":300,)"
            R"("decision_ms":300,"fixation":"TONIC","delay2_ms":500,)"
            R"("random":[)"
            R"({"period":"STIMULUS1","uniform":{"min_ms":300,"max_ms":600}},)"
            R"({"period":"STIMULUS2","uniform":{"min_ms":300,"max_ms":600}},)"
            R"({"period":"DELAY1","uniform":{"min_ms":800,"max_ms":1500}}]})");
  task = TaskMessage(R"({"name": "READY_SET_GO"})");
  ASSERT_TRUE(FillTaskDefaults("task", task).ok());
  EXPECT_EQ(JsonOf(task),
            R"({"name":"READY_SET_GO","fixation_ms":100,"fixation":"TONIC",)"
            R"("ready_ms":83,"set_ms":83,"random":[{"period":"MEASURE",)"
            R"("choice":{"lengths_ms":[800,1500]}}],"gain":1,)"
            R"("prod_margin":0.2})");
  task = TaskMessage(R"({"name": "CONTEXT_DECISION_MAKING"})");
  ASSERT_TRUE(FillTaskDefaults("task", task).ok());
  EXPECT_EQ(JsonOf(task),
            R"({"name":"CONTEXT_DECISION_MAKING","fixation_ms":300,)"
            R"("stimulus_ms":750,"decision_ms":100,"sigma":1,)"
            R"("coherences":[5,15,50],"fixation":"TONIC","random":[)"
            R"({"period":"DELAY","truncated_exponential":)"
            R"({"mean_ms":600,"min_ms":300,"max_ms":3000}}]})");
}

// What the server fills in is what core has, for every task, and filling it in
// once more changes nothing.
TEST(TaskMessage, FilledMessagesSayWhatCoreHas) {
  for (const std::string& name : TaskNames()) {
    SCOPED_TRACE(name);
    v1::Task task;
    v1::Task::Name word = v1::Task::UNSPECIFIED;
    ASSERT_TRUE(v1::Task::Name_Parse(name, &word));
    task.set_name(word);
    ASSERT_TRUE(FillTaskDefaults("task", task).ok());
    const std::string once = task.SerializeAsString();
    ASSERT_TRUE(FillTaskDefaults("task", task).ok());
    EXPECT_EQ(task.SerializeAsString(), once);
    const auto of_message = Task::Make(CoreTaskSpec(task), 20);
    const auto of_core = Task::Make(*DefaultTaskSpec(name), 20);
    ASSERT_TRUE(of_message.ok()) << of_message.status();
    for (uint64_t k = 0; k < 20; ++k) {
      Trial a;
      Trial b;
      RandomStream random(1, RandomPurpose::kSimulationTrials, k);
      RandomStream same(1, RandomPurpose::kSimulationTrials, k);
      of_message->Draw(random, a);
      of_core->Draw(same, b);
      ASSERT_EQ(a.steps(), b.steps());
      EXPECT_EQ(a.inputs.topRows(a.steps()), b.inputs.topRows(b.steps()));
      EXPECT_EQ(a.targets, b.targets);
      EXPECT_EQ(of_message->Judge(a).earliest, of_core->Judge(b).earliest);
    }
  }
}

TEST(TaskMessage, EveryFieldReachesCore) {
  v1::Task task = TaskMessage(R"({"name": "DELAY_COMPARISON",
      "stimulus1_ms": 200, "fixation": "PERIOD",
      "value_pairs": [{"larger": 5, "smaller": 2}],
      "random": [{"period": "DELAY", "choice": {"lengths_ms": [100, 400]}},
                 {"period": "STIMULUS2",
                  "truncated_exponential":
                      {"mean_ms": 50, "min_ms": 100, "max_ms": 200}}]})");
  ASSERT_TRUE(FillTaskDefaults("task", task).ok());
  EXPECT_FALSE(task.has_delay_ms());
  EXPECT_FALSE(task.has_stimulus2_ms());
  TaskSpec spec = CoreTaskSpec(task);
  EXPECT_EQ(spec.stimulus1_ms.longest(), 200);
  EXPECT_EQ(spec.fixation, Fixation::kPeriod);
  EXPECT_EQ(spec.delay_ms.choices(), (std::vector<double>{100, 400}));
  EXPECT_EQ(spec.stimulus2_ms.mean(), 50);
  EXPECT_EQ(spec.stimulus2_ms.longest(), 200);
  ASSERT_EQ(spec.value_pairs.size(), 1U);
  EXPECT_EQ(spec.value_pairs[0].larger, 5);
  EXPECT_EQ(spec.value_pairs[0].smaller, 2);
  task = TaskMessage(R"({"name": "ANTI_REACH", "anti": false, "dim_ring": 8})");
  ASSERT_TRUE(FillTaskDefaults("task", task).ok());
  spec = CoreTaskSpec(task);
  EXPECT_FALSE(spec.anti);
  EXPECT_EQ(spec.dim_ring, 8);
  task =
      TaskMessage(R"({"name": "READY_SET_GO", "gain": 2, "prod_margin": 0.5})");
  ASSERT_TRUE(FillTaskDefaults("task", task).ok());
  EXPECT_EQ(CoreTaskSpec(task).gain, 2);
  EXPECT_EQ(CoreTaskSpec(task).prod_margin, 0.5);
  task =
      TaskMessage(R"({"name": "DELAY_PAIRED_ASSOCIATION", "association": 1})");
  ASSERT_TRUE(FillTaskDefaults("task", task).ok());
  EXPECT_EQ(CoreTaskSpec(task).association, 1);
}

struct RefusedTask {
  const char* json;
  const char* reason;
  const char* field;
};

TEST(TaskMessage, RefusesWhatTheTaskDoesNotHave) {
  for (const RefusedTask& refusal : std::initializer_list<RefusedTask>{
           {R"({"name": "GO_NOGO", "sigma": 0})", "OUT_OF_RANGE", "task.sigma"},
           {R"({"name": "GO_NOGO", "sample_ms": 0})",
            "OUT_OF_RANGE",
            "task.sample_ms"},
           {R"({"name": "MULTI_SENSORY_INTEGRATION", "delay_ms": 0})",
            "OUT_OF_RANGE",
            "task.delay_ms"},
           {R"({"name": "GO_NOGO", "dim_ring": 2})",
            "OUT_OF_RANGE",
            "task.dim_ring"},
           {R"({"name": "GO_NOGO", "anti": false})",
            "OUT_OF_RANGE",
            "task.anti"},
           {R"({"name": "GO_NOGO", "value_pairs": [{"larger": 1}]})",
            "OUT_OF_RANGE",
            "task.value_pairs"},
           {R"({"name": "GO_NOGO", "random": [
                {"period": "DELAY", "choice": {"lengths_ms": [1]}},
                {"period": "CUE1", "choice": {"lengths_ms": [1]}}]})",
            "OUT_OF_RANGE",
            "task.random[1]"},
           {R"({"name": "GO_NOGO", "random": [{"period": "DELAY"}]})",
            "MISSING_FIELD",
            "task.random[0]"},
           {R"({"name": "GO_NOGO", "delay_ms": 100, "random": [
                {"period": "DELAY", "choice": {"lengths_ms": [1]}}]})",
            "CONTRADICTION",
            "task.random[0]"},
           {R"({"name": "GO_NOGO", "random": [
                {"period": "DELAY", "choice": {"lengths_ms": [1]}},
                {"period": "DELAY", "choice": {"lengths_ms": [1]}}]})",
            "CONTRADICTION",
            "task.random[1]"}}) {
    SCOPED_TRACE(refusal.json);
    v1::Task task = TaskMessage(refusal.json);
    const absl::Status status = FillTaskDefaults("task", task);
    EXPECT_EQ(ReasonOf(status), refusal.reason);
    EXPECT_EQ(FieldOf(status), refusal.field);
    v1::Task again = TaskMessage(refusal.json);
    EXPECT_EQ(FieldOf(FillTaskDefaults("tasks[2]", again)),
              std::string("tasks[2]") + (refusal.field + 4));
  }
}

}  // namespace
}  // namespace modbound
