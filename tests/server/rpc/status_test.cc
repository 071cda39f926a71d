#include "server/rpc/status.h"

#include <string>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "server/rpc/expect_error.h"

namespace modbound {
namespace {

TEST(ToGrpcStatus, KeepsCodeMessageReasonAndField) {
  const grpc::Status status =
      ToGrpcStatus(Refuse(reason::kOutOfRange, "priority", "priority is 2000"));
  EXPECT_EQ(status.error_message(), "priority is 2000");
  ExpectError(
      status, grpc::StatusCode::INVALID_ARGUMENT, "OUT_OF_RANGE", "priority");
}

TEST(ToGrpcStatus, OkStaysOk) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).error_details().empty());
}

// gRPC drops trailers beyond 8 KiB; grpc-message is percent-encoded (three
// bytes for one) and the details are base64 (four for three).
TEST(ToGrpcStatus, LongErrorsFitIntoTheTrailers) {
  std::string text;
  for (int i = 0; i < 100000; ++i) {
    text += "\u00e9";
  }
  const grpc::Status status =
      ToGrpcStatus(Refuse(reason::kOutOfRange, text, text));
  EXPECT_LT(
      3 * status.error_message().size() + 4 * status.error_details().size() / 3,
      7000u);
  const absl::Status back = ErrorOf(status);
  EXPECT_EQ(ReasonOf(back), "OUT_OF_RANGE");
  // Cut between two characters: both bytes of the last one or none.
  const std::string message(back.message());
  ASSERT_EQ(message.substr(message.size() - 3), "...");
  EXPECT_EQ((message.size() - 3) % 2, 0u);
}

}  // namespace
}  // namespace modbound
