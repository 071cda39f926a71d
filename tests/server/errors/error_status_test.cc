#include "server/errors/error_status.h"

#include <string>
#include <vector>

#include "core/base/error.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "modbound/v1/error.pb.h"

namespace modbound {
namespace {

// Details of one type.
template <typename Detail>
std::vector<Detail> DetailsOf(const google::rpc::Status& status) {
  std::vector<Detail> found;
  for (const auto& any : status.details()) {
    Detail detail;
    if (any.UnpackTo(&detail)) {
      found.push_back(detail);
    }
  }
  return found;
}

TEST(ErrorStatus, CarriesOneErrorInfoAndTheFieldToBlame) {
  const google::rpc::Status status = ToRpcStatus(
      Refuse(reason::kOutOfRange, "spec.quality.gamma", "gamma is -1"));
  EXPECT_EQ(status.code(), 3);  // INVALID_ARGUMENT
  EXPECT_EQ(status.message(), "gamma is -1");
  const auto infos = DetailsOf<google::rpc::ErrorInfo>(status);
  ASSERT_EQ(infos.size(), 1u);
  EXPECT_EQ(infos[0].reason(), "OUT_OF_RANGE");
  EXPECT_EQ(infos[0].domain(), "modbound");
  const auto requests = DetailsOf<google::rpc::BadRequest>(status);
  ASSERT_EQ(requests.size(), 1u);
  ASSERT_EQ(requests[0].field_violations_size(), 1);
  EXPECT_EQ(requests[0].field_violations(0).field(), "spec.quality.gamma");
  EXPECT_EQ(requests[0].field_violations(0).description(), "gamma is -1");
}

TEST(ErrorStatus, NamesNoFieldWhereNoneIsToBlame) {
  const google::rpc::Status status = ToRpcStatus(
      MakeError(absl::StatusCode::kNotFound, "JOB_NOT_FOUND", "", "no job"));
  EXPECT_EQ(DetailsOf<google::rpc::ErrorInfo>(status).size(), 1u);
  EXPECT_TRUE(DetailsOf<google::rpc::BadRequest>(status).empty());
}

TEST(ErrorStatus, ErrorsOfLibrariesAreInternal) {
  const google::rpc::Status status =
      ToRpcStatus(absl::InternalError("a library's words"));
  const auto infos = DetailsOf<google::rpc::ErrorInfo>(status);
  ASSERT_EQ(infos.size(), 1u);
  EXPECT_EQ(infos[0].reason(), "INTERNAL");
}

TEST(ErrorStatus, OkHasNoDetails) {
  const google::rpc::Status status = ToRpcStatus(absl::OkStatus());
  EXPECT_EQ(status.code(), 0);
  EXPECT_EQ(status.details_size(), 0);
  EXPECT_TRUE(FromRpcStatus(status).ok());
}

TEST(ErrorStatus, ComesBackWithReasonAndField) {
  for (const absl::Status& error :
       {Refuse(reason::kWrongShape, "inputs.matrix", "not square"),
        MakeError(absl::StatusCode::kDataLoss, "DIGEST_MISMATCH", "", "torn"),
        MakeError(absl::StatusCode::kUnavailable, "SERVER_STOPPING", "", "")}) {
    const absl::Status back = FromRpcStatus(ToRpcStatus(error));
    EXPECT_EQ(back.code(), error.code());
    EXPECT_EQ(back.message(), error.message());
    EXPECT_EQ(ReasonOf(back), ReasonOf(error));
    EXPECT_EQ(FieldOf(back), FieldOf(error));
  }
}

TEST(ErrorStatus, ReasonsOfCoreAreWordsOfTheContract) {
  for (const char* word : {reason::kMissingField,
                           reason::kOutOfRange,
                           reason::kContradiction,
                           reason::kWrongShape,
                           reason::kNotFinite,
                           reason::kNotSymmetric,
                           reason::kNegativeWeight,
                           reason::kNotBinary,
                           reason::kBadLabels,
                           reason::kDegenerate,
                           reason::kMemoryLimit,
                           reason::kCancelled,
                           reason::kDiverged,
                           reason::kInternal}) {
    v1::ErrorReason::Reason parsed{};
    EXPECT_TRUE(v1::ErrorReason::Reason_Parse(word, &parsed)) << word;
  }
}

}  // namespace
}  // namespace modbound
