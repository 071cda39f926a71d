#ifndef MODBOUND_TESTS_FAULTS_REQUESTS_SEED_REQUESTS_H_
#define MODBOUND_TESTS_FAULTS_REQUESTS_SEED_REQUESTS_H_

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "modbound/v1/artifact.pb.h"
#include "modbound/v1/job.pb.h"
#include "modbound/v1/server.pb.h"
#include "server/rpc/test_service.h"

namespace modbound {

// A request: one message, or those of a stream in their order.
using Messages = std::vector<std::string>;

// Values that fit most inputs: labels, or a symmetric matrix without negative
// weights, with two modules.
inline v1::Array SeedArray(const v1::KindInfo::Input& input) {
  std::map<std::string, int64_t> extents = {{"P", 2}, {"I", 3}, {"O", 3}};
  const bool digits = input.name() == "digits";
  if (digits || input.name() == "images") {
    extents["S"] = 60;
  }
  v1::Array array;
  int64_t count = 1;
  for (const std::string& axis : input.axes()) {
    const auto known = extents.find(axis);
    const int64_t extent = known == extents.end() ? 6 : known->second;
    array.add_shape(extent);
    count *= extent;
  }
  const bool whole =
      std::find(input.dtypes().begin(),
                input.dtypes().end(),
                v1::DType::INT32) != input.dtypes().end() &&
      (digits || input.name().find("labels") != std::string::npos);
  if (whole) {
    std::vector<int32_t> labels(count);
    for (int64_t i = 0; i < count; ++i) {
      labels[i] = digits ? static_cast<int32_t>(i % 10) : i % 6 < 3 ? 0 : 1;
    }
    array.set_dtype(v1::DType::INT32);
    array.set_inline_(BytesOf(labels));
    return array;
  }
  const int64_t columns =
      array.shape_size() == 0 ? 1 : array.shape(array.shape_size() - 1);
  std::vector<double> values(count);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = i / columns;
    const int64_t column = i % columns;
    const bool together = (row < 3) == (column < 3);
    values[i] = row == column ? 0 : together ? 0.75 : 0.25;
  }
  array.set_dtype(v1::DType::FLOAT64);
  array.set_inline_(BytesOf(values));
  return array;
}

// A job of this kind; with `all`, of every input it may take.
inline v1::Job SeedJob(const v1::KindInfo& kind, bool all) {
  v1::Job job;
  const std::string json =
      "{\"" + kind.kind() + "\": " + kind.example_spec() + "}";
  EXPECT_TRUE(
      google::protobuf::util::JsonStringToMessage(json, job.mutable_spec())
          .ok())
      << json;
  // One of several optional inputs that a job of the kind, or of its example
  // specification, must have.
  const std::map<std::string, std::string> chosen = {
      {"partition", "matrix"},
      {"induced_quality", "matrix"},
      {"statistics", "other"}};
  const auto needed = chosen.find(kind.kind());
  for (const v1::KindInfo::Input& input : kind.inputs()) {
    if (all || !input.optional() ||
        (needed != chosen.end() && needed->second == input.name())) {
      std::string name = input.name();
      if (name.back() == '*') {
        name.back() = 'a';
      }
      (*job.mutable_inputs())[name] = SeedArray(input);
    }
  }
  return job;
}

// Requests that are right, or nearly so, for every RPC of the contract.
class SeedRequests {
 public:
  // `done`: a job that has SUCCEEDED, with an output "quality".
  SeedRequests(TestService& service, const v1::Job& done)
      : done_(done),
        words_({done.id(),
                done.outputs().at("quality").artifact(),
                "jnosuchjob",
                "quality",
                "matrix",
                "labels",
                "node",
                "upload"}) {
    EXPECT_TRUE(service.info().ListKinds(NewCall().get(), {}, &kinds_).ok());
  }

  const std::vector<std::string>& words() const { return words_; }
  const v1::ListKindsResponse& kinds() const { return kinds_; }

  // Empty for an RPC that this test does not know.
  std::vector<Messages> For(
      const google::protobuf::MethodDescriptor& method) const {
    const std::string& name = method.name();
    if (name == "SubmitJob") {
      return SubmitJob();
    }
    if (name == "SubmitGraph") {
      return SubmitGraph();
    }
    if (name == "ListJobs") {
      return ListJobs();
    }
    if (name == "Upload") {
      return Upload();
    }
    if (name == "Download") {
      return Download();
    }
    if (name == "ListKinds") {
      v1::ListKindsRequest request;
      request.set_kind("partition");
      return {{""}, {request.SerializeAsString()}};
    }
    if (name == "FindMissing") {
      v1::FindMissingRequest request;
      request.add_artifacts(Digest());
      request.add_artifacts(std::string(64, '0'));
      return {{request.SerializeAsString()}};
    }
    if (name == "GetServerInfo" || name == "GetQueueState") {
      return {{""}};
    }
    if (name == "GetLogs") {
      v1::GetLogsRequest request;
      request.set_id(done_.id());
      request.set_offset(1);
      request.set_follow(true);
      return {{request.SerializeAsString()}};
    }
    if (name == "WatchJob") {
      v1::WatchJobRequest request;
      request.set_id(done_.id());
      const Messages whole = {request.SerializeAsString()};
      request.set_resume_token("AAAA");
      return {whole, {request.SerializeAsString()}};
    }
    for (const char* known : {"GetJob",
                              "CancelJob",
                              "DeleteJob",
                              "ReproduceJob",
                              "ExplainJob",
                              "StatArtifact",
                              "QueryUpload"}) {
      if (name == known) {
        return OneString(*method.input_type());
      }
    }
    return {};
  }

 private:
  const std::string& Digest() const { return words_[1]; }

  // Requests whose first field is all they need: every word in turn.
  std::vector<Messages> OneString(
      const google::protobuf::Descriptor& type) const {
    std::vector<Messages> seeds;
    const std::unique_ptr<google::protobuf::Message> message(
        google::protobuf::MessageFactory::generated_factory()
            ->GetPrototype(&type)
            ->New());
    for (const std::string& word : words_) {
      message->GetReflection()->SetString(message.get(), type.field(0), word);
      seeds.push_back({message->SerializeAsString()});
    }
    return seeds;
  }

  std::vector<Messages> SubmitJob() const {
    std::vector<Messages> seeds;
    for (const v1::KindInfo& kind : kinds_.kinds()) {
      for (const bool all : {false, true}) {
        v1::SubmitJobRequest request;
        *request.mutable_job() = SeedJob(kind, all);
        if (all) {
          request.set_request_id("request-" + kind.kind());
          v1::Job& job = *request.mutable_job();
          (*job.mutable_labels())["lab"] = "fuzz";
          job.set_priority(1);
          job.set_no_cache(true);
          job.mutable_max_run_time()->set_seconds(10);
          job.mutable_deadline()->set_seconds(4000000000);
        }
        seeds.push_back({request.SerializeAsString()});
      }
    }
    return seeds;
  }

  std::vector<Messages> SubmitGraph() const {
    std::vector<Messages> seeds;
    for (const v1::KindInfo& kind : kinds_.kinds()) {
      v1::SubmitGraphRequest request;
      auto* first = request.add_nodes();
      first->set_name("node");
      *first->mutable_job() = QualityRequest().job();
      auto* second = request.add_nodes();
      second->set_name("second");
      *second->mutable_job() = SeedJob(kind, false);
      for (auto& [name, array] : *second->mutable_job()->mutable_inputs()) {
        if (name.find("labels") != std::string::npos) {
          array.mutable_output()->set_job("node");
          array.mutable_output()->set_output("quality");
        }
      }
      auto* third = request.add_nodes();
      third->set_name("third");
      *third->mutable_job() = QualityRequest().job();
      v1::Array& labels = (*third->mutable_job()->mutable_inputs())["labels"];
      labels.mutable_output()->set_job(done_.id());
      labels.mutable_output()->set_output("quality");
      seeds.push_back({request.SerializeAsString()});
    }
    return seeds;
  }

  std::vector<Messages> ListJobs() const {
    v1::ListJobsRequest request;
    request.set_page_size(3);
    const Messages plain = {request.SerializeAsString()};
    request.set_view(v1::ListJobsRequest::FULL);
    request.mutable_filter()->add_states(v1::JobState::SUCCEEDED);
    request.mutable_filter()->add_kinds("quality");
    (*request.mutable_filter()->mutable_labels())["lab"] = "fuzz";
    request.set_page_token("AAAA");
    return {plain, {request.SerializeAsString()}};
  }

  std::vector<Messages> Upload() const {
    std::vector<Messages> seeds;
    for (const char* id : {"", "upload"}) {
      for (const int chunks : {1, 3}) {
        const std::string bytes = VectorBytes(6);
        Messages messages = {VectorHeader(6, id).SerializeAsString()};
        const int64_t each = 48 / chunks;
        for (int i = 0; i < chunks; ++i) {
          messages.push_back(
              ChunkOf(bytes, i * each, each).SerializeAsString());
        }
        seeds.push_back(messages);
      }
    }
    return seeds;
  }

  std::vector<Messages> Download() const {
    v1::DownloadRequest request;
    request.mutable_array()->set_artifact(Digest());
    const Messages raw = {request.SerializeAsString()};
    request.set_format(v1::DownloadRequest::NPY);
    request.set_offset(3);
    request.mutable_array()->set_dtype(v1::DType::FLOAT64);
    request.mutable_array()->add_shape(2);
    const Messages npy = {request.SerializeAsString()};
    request.mutable_array()->mutable_output()->set_job(done_.id());
    request.mutable_array()->mutable_output()->set_output("quality");
    return {raw, npy, {request.SerializeAsString()}};
  }

  const v1::Job done_;
  const std::vector<std::string> words_;
  v1::ListKindsResponse kinds_;
};

}  // namespace modbound

#endif  // MODBOUND_TESTS_FAULTS_REQUESTS_SEED_REQUESTS_H_
