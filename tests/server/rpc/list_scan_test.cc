#include "server/rpc/list_scan.h"

#include <string>

#include "core/base/error.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "gtest/gtest.h"
#include "modbound/v1/artifact.pb.h"
#include "modbound/v1/job.pb.h"

namespace modbound {
namespace {

absl::Status Check(const std::string& bytes,
                   const google::protobuf::Descriptor* type) {
  google::protobuf::io::ArrayInputStream stream(bytes.data(),
                                                static_cast<int>(bytes.size()));
  return CheckLists(stream, *type);
}

absl::Status Check(const google::protobuf::Message& message) {
  return Check(message.SerializeAsString(), message.GetDescriptor());
}

std::string Repeat(const std::string& bytes, int64_t times) {
  std::string all;
  for (int64_t i = 0; i < times; ++i) {
    all += bytes;
  }
  return all;
}

TEST(ListScanTest, TakesListsUpToTheLimit) {
  v1::FindMissingRequest request;
  for (int64_t i = 0; i < kMaxListItems; ++i) {
    request.add_artifacts("a");
  }
  EXPECT_TRUE(Check(request).ok());
  request.add_artifacts("a");
  const absl::Status status = Check(request);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), "TOO_LARGE");
  EXPECT_EQ(FieldOf(status), "artifacts");
}

TEST(ListScanTest, CountsEachMessageOfAListByItself) {
  v1::SubmitGraphRequest request;
  for (int node = 0; node < 3; ++node) {
    auto& labels = *request.add_nodes()->mutable_job()->mutable_labels();
    for (int64_t i = 0; i < kMaxListItems / 2; ++i) {
      labels[std::to_string(i)];
    }
  }
  EXPECT_TRUE(Check(request).ok());
}

// Field 2, a job, of one label: the parser merges them into one map.
TEST(ListScanTest, CountsMessagesThatAreMerged) {
  const std::string job("\x12\x02\x4a\x00", 4);
  const auto* type = v1::SubmitJobRequest::descriptor();
  EXPECT_TRUE(Check(Repeat(job, kMaxListItems), type).ok());
  EXPECT_EQ(FieldOf(Check(Repeat(job, kMaxListItems + 1), type)), "labels");
}

TEST(ListScanTest, TakesPackedNumbersUpToTheirLimit) {
  v1::Array array;
  array.mutable_shape()->Resize(static_cast<int>(kMaxPackedItems), 1);
  EXPECT_TRUE(Check(array).ok());
  array.add_shape(1);
  EXPECT_EQ(FieldOf(Check(array)), "shape");

  v1::Spec spec;
  spec.mutable_lesion_similarity()->mutable_input()->Resize(100000, 0.5);
  EXPECT_TRUE(Check(spec).ok());
}

TEST(ListScanTest, LeavesMalformedBytesToTheParser) {
  const auto* type = v1::SubmitJobRequest::descriptor();
  for (const std::string& bytes : {std::string("\x12\x7f\x01", 3),
                                   std::string(100, '\xff'),
                                   std::string(10000, '\x0b')}) {
    EXPECT_TRUE(Check(bytes, type).ok());
  }
}

}  // namespace
}  // namespace modbound
