#include "client/cli/check_text.h"

#include <string>

#include "client/cli/error.h"
#include "gtest/gtest.h"
#include "modbound/v1/artifact.pb.h"
#include "modbound/v1/job.pb.h"

namespace modbound {
namespace {

std::string BadField(const google::protobuf::Message& message) {
  const absl::Status error = CheckText(message);
  EXPECT_EQ(ExitCodeOf(error), kExitUsage);
  EXPECT_EQ(ReasonOf(error), "BAD_TEXT");
  return FieldOf(error);
}

TEST(CheckText, TakesUtf8AndAnyBytes) {
  v1::SubmitJobRequest request;
  EXPECT_TRUE(CheckText(request).ok());
  const std::string name = "\xc3\xa4\xe2\x82\xac";
  request.set_request_id(name);
  request.mutable_job()->mutable_labels()->insert({name, name});
  v1::Array array;
  array.set_inline_(std::string(4, '\xff'));  // elements, no text
  request.mutable_job()->mutable_inputs()->insert({"labels", array});
  EXPECT_TRUE(CheckText(request).ok());
}

TEST(CheckText, NamesTheFieldThatIsNot) {
  const std::string bad = "a\xff";
  v1::GetJobRequest get;
  get.set_id(bad);
  EXPECT_EQ(BadField(get), "id");

  v1::SubmitJobRequest submit;
  submit.mutable_job()->mutable_labels()->insert({"note", bad});
  EXPECT_EQ(BadField(submit), "job.labels");
  submit.mutable_job()->clear_labels();
  submit.mutable_job()->mutable_labels()->insert({bad, "a"});
  EXPECT_EQ(BadField(submit), "job.labels");
  submit.mutable_job()->clear_labels();
  v1::Array array;
  array.mutable_output()->set_job(bad);
  submit.mutable_job()->mutable_inputs()->insert({"matrix", array});
  EXPECT_EQ(BadField(submit), "job.inputs.output.job");

  v1::FindMissingRequest missing;
  for (const std::string& digest : {std::string("a"), bad}) {
    missing.add_artifacts(digest);
  }
  EXPECT_EQ(BadField(missing), "artifacts");
}

}  // namespace
}  // namespace modbound
