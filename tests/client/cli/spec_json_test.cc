#include "client/cli/spec_json.h"

#include <string>

#include "client/cli/error.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

absl::StatusOr<v1::Spec> Read(const std::string& kind,
                              const std::string& text) {
  return SpecFromJson(kind, ParseJson(text).value());
}

// The error of a spec of training that must be refused.
absl::Status Refused(const std::string& text) {
  const absl::Status status = Read("train", text).status();
  EXPECT_EQ(ExitCodeOf(status), kExitUsage) << text;
  return status;
}

TEST(SpecFromJson, FillsWhatIsWrittenAndNothingElse) {
  const v1::Spec spec =
      Read("train",
           R"({"task": {"name": "GO_NOGO"}, "model": {"hidden_size": 64},
               "seed": "18446744073709551615"})")
          .value();
  ASSERT_TRUE(spec.has_train());
  EXPECT_EQ(spec.train().task().name(), v1::Task::GO_NOGO);
  EXPECT_EQ(spec.train().model().hidden_size(), 64);
  EXPECT_EQ(spec.train().seed(), 18446744073709551615U);
  EXPECT_FALSE(spec.train().has_batch_size());
}

TEST(SpecFromJson, KeepsAWrittenZero) {
  EXPECT_TRUE(Read("train", R"({"seed": 0})").value().train().has_seed());
}

TEST(SpecFromJson, TakesBothSpellingsOfAName) {
  EXPECT_EQ(Read("train", R"({"batch_size": 8})").value().train().batch_size(),
            8);
  EXPECT_EQ(Read("train", R"({"batchSize": 8})").value().train().batch_size(),
            8);
  const absl::Status both = Refused(R"({"batch_size": 8, "batchSize": 9})");
  EXPECT_EQ(FieldOf(both), "spec.train.batch_size");
}

TEST(SpecFromJson, KnowsEveryKindOfTheContract) {
  for (const std::string& kind : KindNames()) {
    EXPECT_TRUE(Read(kind, "{}").ok()) << kind;
  }
}

TEST(SpecFromJson, NamesTheNearestKind) {
  const absl::Status status = Read("partitions", "{}").status();
  EXPECT_EQ(ReasonOf(status), "UNKNOWN_KIND");
  EXPECT_EQ(MessageOf(status), "no kind \"partitions\"; nearest: partition");
}

TEST(SpecFromJson, NamesPathAndNearestOfAnUnknownField) {
  const absl::Status status = Refused(R"({"model": {"hiden_size": 64}})");
  EXPECT_EQ(ErrorLine(status),
            "error: no field \"hiden_size\" in spec.train.model; nearest: "
            "hidden_size [UNKNOWN_FIELD spec.train.model.hiden_size]");
}

TEST(SpecFromJson, NamesFieldAndValueOfAWrongType) {
  struct Case {
    std::string text;
    std::string field;
    std::string value;
  };
  const Case cases[] = {
      {R"({"batch_size": "many"})", "spec.train.batch_size", "\"many\""},
      {R"({"batch_size": 1.5})", "spec.train.batch_size", "1.5"},
      {R"({"batch_size": 2147483648})", "spec.train.batch_size", "2147483648"},
      {R"({"batch_size": [8]})", "spec.train.batch_size", "[8]"},
      {R"({"batch_size": true})", "spec.train.batch_size", "true"},
      {R"({"seed": -1})", "spec.train.seed", "-1"},
      {R"({"seed": 18446744073709551616})", "spec.train.seed", "1844"},
      {R"({"target_accuracy": "high"})", "spec.train.target_accuracy", "high"},
      {R"({"target_accuracy": {}})", "spec.train.target_accuracy", "{}"},
      {R"({"model": 100})", "spec.train.model", "100"},
      {R"({"model": []})", "spec.train.model", "[]"},
      {R"({"recipe": "REFERENC"})", "spec.train.recipe", "nearest: REFERENCE"},
      {R"({"recipe": 77})", "spec.train.recipe", "77"},
      {R"({"task": {"coherences": 5}})", "spec.train.task.coherences", "5"},
      {R"({"task": {"coherences": [1, "x"]}})",
       "spec.train.task.coherences[1]",
       "\"x\""},
      {"[]", "spec.train", "[]"},
      {"7", "spec.train", "7"},
      {"null", "spec.train", "null"},
  };
  for (const Case& c : cases) {
    const absl::Status status = Refused(c.text);
    EXPECT_EQ(FieldOf(status), c.field) << c.text;
    EXPECT_EQ(ReasonOf(status), "OUT_OF_RANGE") << c.text;
    EXPECT_NE(MessageOf(status).find(c.value), std::string::npos) << status;
  }
  EXPECT_EQ(FieldOf(Read("partition", R"({"directed": 1})").status()),
            "spec.partition.directed");
  EXPECT_EQ(FieldOf(Read("partition", R"({"outputs": [1]})").status()),
            "spec.partition.outputs[0]");
}

TEST(SpecFromJson, TakesEveryNumberThatProtoJsonTakes) {
  EXPECT_TRUE(Read("train", R"({"batch_size": 1.6e1})").ok());
  EXPECT_TRUE(Read("train", R"({"batch_size": "16"})").ok());
  EXPECT_TRUE(Read("train", R"({"target_accuracy": "0.5"})").ok());
  EXPECT_TRUE(Read("train", R"({"target_accuracy": "NaN"})").ok());
  EXPECT_TRUE(Read("train", R"({"batch_size": null})").ok());
}

TEST(MessageFromJson, ReadsAGraphWithTimesLabelsAndBytes) {
  v1::SubmitGraphRequest graph;
  const absl::Status status =
      MessageFromJson(ParseJson(R"({"nodes": [{"name": "a", "job": {
        "spec": {"partition": {}}, "labels": {"subject": "7"},
        "deadline": "2026-03-01T12:00:00Z", "max_run_time": "90s",
        "inputs": {"matrix": {"dtype": "UINT8", "shape": ["1", 1],
                              "inline": "AQ=="}}}}]})")
                          .value(),
                      "",
                      graph);
  ASSERT_TRUE(status.ok()) << status;
  const v1::Job& job = graph.nodes(0).job();
  EXPECT_EQ(job.labels().at("subject"), "7");
  EXPECT_EQ(job.max_run_time().seconds(), 90);
  EXPECT_EQ(job.inputs().at("matrix").inline_(), std::string("\1"));
}

TEST(MessageFromJson, NamesPathsThroughListsAndMaps) {
  v1::SubmitGraphRequest graph;
  const auto field = [&](const std::string& text) {
    return FieldOf(MessageFromJson(ParseJson(text).value(), "", graph));
  };
  EXPECT_EQ(field(R"({"nods": []})"), "nods");
  EXPECT_EQ(field(R"({"nodes": [{}, {"jop": {}}]})"), "nodes[1].jop");
  EXPECT_EQ(field(R"({"nodes": [{"job": {"inputs": {"x": {"outptu": {}}}}}]})"),
            "nodes[0].job.inputs.x.outptu");
  EXPECT_EQ(field(R"({"nodes": [{"job": {"labels": {"k": 1}}}]})"),
            "nodes[0].job.labels.k");
}

TEST(MessageFromJson, RefusesAWrongTime) {
  v1::SubmitGraphRequest graph;
  const absl::Status status = MessageFromJson(
      ParseJson(R"({"nodes": [{"job": {"deadline": "soon"}}]})").value(),
      "",
      graph);
  EXPECT_EQ(ExitCodeOf(status), kExitUsage);
}

TEST(MessageFromJson, RefusesTwoKindsInOneSpec) {
  v1::SubmitGraphRequest graph;
  const absl::Status status = MessageFromJson(ParseJson(R"({"nodes": [{"job": {
        "spec": {"train": {}, "partition": {}}}}]})")
                                                  .value(),
                                              "",
                                              graph);
  EXPECT_EQ(ExitCodeOf(status), kExitUsage);
}

}  // namespace
}  // namespace modbound
