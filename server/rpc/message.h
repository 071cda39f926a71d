#ifndef MODBOUND_SERVER_RPC_MESSAGE_H_
#define MODBOUND_SERVER_RPC_MESSAGE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"

// Services take and give bytes instead of messages: gRPC answers bytes that are
// no message with UNIMPLEMENTED and no details; read here, they get the same
// kind of error as every other bad request.
namespace modbound {

// Most bytes of a message that a client sends, unary or one of a stream.
inline constexpr int64_t kMaxMessageBytes = int64_t{1} << 20;

// Reads `message`. Errors: kResourceExhausted TOO_LARGE; kInvalidArgument
// BAD_TEXT for bytes that are no such message or hold text that is not UTF-8.
absl::Status ReadMessage(const grpc::ByteBuffer& bytes,
                         google::protobuf::Message& message);

// Writes `message`. Errors: kInternal.
absl::Status WriteMessage(const google::protobuf::Message& message,
                          grpc::ByteBuffer& bytes);

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_MESSAGE_H_
