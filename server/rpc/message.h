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

// Most bytes of a message, sent or taken, unary or one of a stream.
inline constexpr int64_t kMaxMessageBytes = int64_t{1} << 20;

// TOO_LARGE when `bytes`, which should hold a message of `type`, are more than
// kMaxMessageBytes.
absl::Status CheckMessageBytes(const grpc::ByteBuffer& bytes,
                               const google::protobuf::Descriptor& type);

// Reads `message`. Errors: kResourceExhausted TOO_LARGE; kInvalidArgument
// BAD_TEXT for bytes that are no such message or hold text that is not UTF-8.
absl::Status ReadMessage(const grpc::ByteBuffer& bytes,
                         google::protobuf::Message& message);

// Writes `message`. Errors: kResourceExhausted TOO_LARGE beyond
// kMaxMessageBytes: clients need not take more; kInternal.
absl::Status WriteMessage(const google::protobuf::Message& message,
                          grpc::ByteBuffer& bytes);

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_MESSAGE_H_
