#include "client/cli/error.h"

#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

google::rpc::Status Refused() {
  google::rpc::Status status;
  status.set_code(3);
  status.set_message("gamma is 0; it must be > 0");
  google::rpc::ErrorInfo info;
  info.set_reason("OUT_OF_RANGE");
  status.add_details()->PackFrom(info);
  google::rpc::BadRequest bad;
  bad.add_field_violations()->set_field("spec.partition.gamma");
  status.add_details()->PackFrom(bad);
  return status;
}

TEST(FromGrpc, TakesReasonAndFieldFromTheDetails) {
  const absl::Status error = FromGrpc({grpc::StatusCode::INVALID_ARGUMENT,
                                       "gamma is 0; it must be > 0",
                                       Refused().SerializeAsString()});
  EXPECT_EQ(ReasonOf(error), "OUT_OF_RANGE");
  EXPECT_EQ(FieldOf(error), "spec.partition.gamma");
  EXPECT_EQ(ErrorLine(error),
            "error: gamma is 0; it must be > 0 [OUT_OF_RANGE "
            "spec.partition.gamma]");
}

TEST(FromGrpc, WithoutOrWithBrokenDetailsKeepsTheMessage) {
  for (const char* details : {"", "no proto"}) {
    const absl::Status error =
        FromGrpc({grpc::StatusCode::NOT_FOUND, "no such job", details});
    EXPECT_EQ(ErrorLine(error), "error: no such job") << details;
    EXPECT_EQ(ExitCodeOf(error), kExitUsage);
  }
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
}

TEST(ExitCode, IsThatOfTheContract) {
  const auto code = [](absl::StatusCode status) {
    return ExitCodeOf(MakeError(status, "", "", ""));
  };
  EXPECT_EQ(code(absl::StatusCode::kOk), 0);
  EXPECT_EQ(code(absl::StatusCode::kInternal), 1);
  EXPECT_EQ(code(absl::StatusCode::kDataLoss), 1);
  EXPECT_EQ(code(absl::StatusCode::kUnknown), 1);
  EXPECT_EQ(code(absl::StatusCode::kInvalidArgument), 2);
  EXPECT_EQ(code(absl::StatusCode::kNotFound), 2);
  EXPECT_EQ(code(absl::StatusCode::kResourceExhausted), 2);
  EXPECT_EQ(code(absl::StatusCode::kFailedPrecondition), 2);
  EXPECT_EQ(code(absl::StatusCode::kCancelled), 4);
  EXPECT_EQ(code(absl::StatusCode::kUnauthenticated), 5);
  EXPECT_EQ(code(absl::StatusCode::kPermissionDenied), 5);
  EXPECT_EQ(code(absl::StatusCode::kUnavailable), 6);
}

TEST(ExitCode, OfItsOwnSurvivesAContext) {
  const absl::Status error = WithContext(
      WithExitCode(FromRpcStatus(Refused()), kExitJobFailed), "job 7 FAILED");
  EXPECT_EQ(ExitCodeOf(error), kExitJobFailed);
  EXPECT_EQ(FieldOf(error), "spec.partition.gamma");
  EXPECT_EQ(MessageOf(error), "job 7 FAILED: gamma is 0; it must be > 0");
}

TEST(ErrorLine, IsOneLineWhateverTheMessage) {
  EXPECT_EQ(ErrorLine(UsageError("a\nb\r\tc\x1b[31m")), "error: a b  c [31m");
  EXPECT_EQ(ErrorLine(MakeError(
                absl::StatusCode::kNotFound, "R", "f\xff", "m\xc2\x85")),
            "error: m  [R f\xef\xbf\xbd]");
}

TEST(ErrorLine, OfAnEmptyMessageIsTheCode) {
  EXPECT_EQ(ErrorLine(absl::InternalError("")), "error: INTERNAL");
}

TEST(ErrorLine, OfAnInterruptionIsNoError) {
  EXPECT_EQ(ErrorLine(InterruptedError("job 7 goes on")), "job 7 goes on");
  EXPECT_EQ(ExitCodeOf(InterruptedError("")), 130);
}

}  // namespace
}  // namespace modbound
