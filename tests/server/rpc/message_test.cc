#include "server/rpc/message.h"

#include <string>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "modbound/v1/job.pb.h"

namespace modbound {
namespace {

grpc::ByteBuffer Bytes(const std::string& text) {
  const grpc::Slice slice(text);
  return {&slice, 1};
}

TEST(ReadMessage, ReadsWhatWriteMessageWrote) {
  v1::GetJobRequest written;
  written.set_id("a job");
  grpc::ByteBuffer bytes;
  ASSERT_TRUE(WriteMessage(written, bytes).ok());
  v1::GetJobRequest read;
  ASSERT_TRUE(ReadMessage(bytes, read).ok());
  EXPECT_EQ(read.id(), "a job");
}

TEST(ReadMessage, NoBytesAreAnEmptyMessage) {
  v1::GetJobRequest read;
  EXPECT_TRUE(ReadMessage(grpc::ByteBuffer(Bytes("")), read).ok());
  EXPECT_EQ(read.id(), "");
}

TEST(ReadMessage, RefusesBytesThatAreNoMessage) {
  v1::GetJobRequest request;
  // Field 1, 127 bytes announced, one there.
  for (const std::string& bytes : {std::string("\x0a\x7f\x41"),
                                   std::string("\xff\xff\xff\xff\xff\xff"),
                                   // A field of number 0.
                                   std::string("\x02\x01", 2)}) {
    const absl::Status status = ReadMessage(Bytes(bytes), request);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(status), "BAD_TEXT");
  }
}

TEST(ReadMessage, RefusesTextThatIsNotUtf8) {
  v1::GetJobRequest request;
  const absl::Status status = ReadMessage(Bytes("\x0a\x02\xc3\x28"), request);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "BAD_TEXT");
}

// The bytes of `id` make up all but the tag (1 byte) and the length (3 bytes:
// 2^20 needs 21 bits).
TEST(ReadMessage, TakesTheLimitAndRefusesOneByteMore) {
  v1::GetJobRequest message;
  message.set_id(std::string(kMaxMessageBytes - 4, 'x'));
  ASSERT_EQ(message.ByteSizeLong(), static_cast<size_t>(kMaxMessageBytes));
  v1::GetJobRequest read;
  EXPECT_TRUE(ReadMessage(Bytes(message.SerializeAsString()), read).ok());

  message.mutable_id()->push_back('x');
  const absl::Status status =
      ReadMessage(Bytes(message.SerializeAsString()), read);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), "TOO_LARGE");
}

TEST(WriteMessage, SendsTheLimitAndNotOneByteMore) {
  v1::GetJobRequest message;
  message.set_id(std::string(kMaxMessageBytes - 4, 'x'));
  grpc::ByteBuffer bytes;
  EXPECT_TRUE(WriteMessage(message, bytes).ok());
  EXPECT_EQ(bytes.Length(), static_cast<size_t>(kMaxMessageBytes));
  message.mutable_id()->push_back('x');
  const absl::Status status = WriteMessage(message, bytes);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), "TOO_LARGE");
}

}  // namespace
}  // namespace modbound
