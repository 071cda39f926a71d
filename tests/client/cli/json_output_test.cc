#include "client/cli/json_output.h"

#include <limits>
#include <set>
#include <string>

#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

v1::Job Succeeded() {
  v1::Job job;
  job.set_id("01AB");
  job.set_kind("partition");
  job.set_state(v1::JobState::SUCCEEDED);
  v1::PartitionSummary& summary = *job.mutable_summary()->mutable_partition();
  summary.set_quality(0.25);
  summary.add_module_sizes(9007199254740993);  // 2^53 + 1: no double
  job.mutable_provenance()->set_seed(3);
  job.mutable_cache_info()->set_hit(true);
  return job;
}

TEST(SummaryJson, HasTheSummarysFieldsBesideTheJobs) {
  const Json json = SummaryJson(Succeeded());
  EXPECT_EQ(json["job_id"], "01AB");
  EXPECT_EQ(json["kind"], "partition");
  EXPECT_EQ(json["state"], "SUCCEEDED");
  EXPECT_EQ(json["quality"], 0.25);
  EXPECT_EQ(json["module_sizes"], Json::array({"9007199254740993"}));
  EXPECT_EQ(json["provenance"]["seed"], "3");
  EXPECT_EQ(json["cache_info"]["hit"], true);
  EXPECT_FALSE(json.contains("error"));
  EXPECT_FALSE(json.contains("partition"));
}

TEST(SummaryJson, HasFieldsOfValueZeroAndEmptyLists) {
  const Json json = SummaryJson(Succeeded());
  EXPECT_EQ(json["num_modules"], "0");
  EXPECT_EQ(json["excluded_units"], Json::array());
  EXPECT_EQ(json["provenance"]["wall_seconds"], 0.0);
  EXPECT_EQ(json["cache_info"]["source_job"], "");
}

TEST(SummaryJson, NamesEveryArrayWithShapeAndDigest) {
  v1::Job job = Succeeded();
  EXPECT_EQ(SummaryJson(job)["outputs"], Json::object());
  v1::Array& labels = (*job.mutable_outputs())["labels"];
  labels.set_dtype(v1::DType::INT32);
  labels.add_shape(7);
  labels.set_artifact("ab12");
  (*job.mutable_outputs())["agreement"].add_shape(2);
  const Json outputs = SummaryJson(job)["outputs"];
  EXPECT_EQ(outputs["labels"]["dtype"], "INT32");
  EXPECT_EQ(outputs["labels"]["shape"], Json::array({"7"}));
  EXPECT_EQ(outputs["labels"]["artifact"], "ab12");
  EXPECT_EQ(outputs.begin().key(), "agreement");
}

TEST(SummaryJson, LeavesUnsetOptionalFieldsOut) {
  v1::Job job;
  job.mutable_summary()->mutable_induced_quality()->set_quality(1);
  EXPECT_FALSE(SummaryJson(job).contains("z"));
  job.mutable_summary()->mutable_induced_quality()->set_z(0);
  EXPECT_TRUE(SummaryJson(job).contains("z"));
}

TEST(SummaryJson, KeepsTheEnsembleApartFromTheNumbersOfTheKind) {
  v1::Job job;
  job.mutable_summary()->mutable_induced_quality()->set_quality(1);
  EXPECT_FALSE(SummaryJson(job).contains("ensemble"));
  v1::EnsembleSummary& ensemble = *job.mutable_summary()->mutable_ensemble();
  ensemble.set_networks(3);
  ensemble.add_scalars()->set_name("z");
  const Json json = SummaryJson(job);
  EXPECT_EQ(json["quality"], 1);
  EXPECT_EQ(json["ensemble"]["networks"], "3");
  EXPECT_EQ(json["ensemble"]["scalars"][0]["name"], "z");
  EXPECT_FALSE(json.contains("networks"));
}

TEST(SummaryJson, WritesNumbersThatAreNoneAsProtoDoes) {
  v1::Job job = Succeeded();
  job.mutable_summary()->mutable_partition()->set_quality(
      std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(SummaryJson(job)["quality"], "NaN");
}

TEST(SummaryJson, OfAFailedJobHasItsError) {
  v1::Job job;
  job.set_state(v1::JobState::FAILED);
  job.mutable_error()->set_code(13);
  google::rpc::ErrorInfo info;
  info.set_reason("DIVERGED");
  job.mutable_error()->add_details()->PackFrom(info);
  const Json json = SummaryJson(job);
  EXPECT_EQ(json["state"], "FAILED");
  EXPECT_EQ(json["error"]["details"][0]["reason"], "DIVERGED");
}

// A summary's field must not hide a word of the job, nor the other way round.
TEST(SummaryJson, NoSummaryHasAFieldOfTheJobsWords) {
  const std::set<std::string> taken = {"job_id",
                                       "kind",
                                       "state",
                                       "error",
                                       "outputs",
                                       "provenance",
                                       "cache_info"};
  const auto* summary = v1::Summary::descriptor();
  for (int i = 0; i < summary->field_count(); ++i) {
    const auto* type = summary->field(i)->message_type();
    for (int j = 0; j < type->field_count(); ++j) {
      EXPECT_FALSE(taken.contains(type->field(j)->name()))
          << type->name() << "." << type->field(j)->name();
    }
  }
}

TEST(ToJson, OfAJobHasIdKindAndStateInAnyCase) {
  const Json json = ToJson(v1::Job());
  EXPECT_EQ(json["id"], "");
  EXPECT_EQ(json["kind"], "");
  EXPECT_EQ(json["state"], "UNSPECIFIED");
}

TEST(ToJson, DropsErrorDetailsOfAnUnknownTypeRatherThanTheJob) {
  v1::Job job = Succeeded();
  job.mutable_error()->set_message("why");
  job.mutable_error()->add_details()->set_type_url(
      "type.googleapis.com/later.Detail");
  job.mutable_error()->mutable_details(0)->set_value("\x08\x01");
  const Json json = ToJson(job);
  EXPECT_EQ(json["id"], "01AB");
  EXPECT_EQ(json["error"]["message"], "why");
}

}  // namespace
}  // namespace modbound
