#include "server/rpc/message.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "grpcpp/support/proto_buffer_writer.h"
#include "server/rpc/list_scan.h"

namespace modbound {
namespace {

// A message of fewer bytes takes little memory, whatever it holds.
constexpr size_t kScannedBytes = size_t{64} * 1024;

}  // namespace

absl::Status CheckMessageBytes(const grpc::ByteBuffer& bytes,
                               const google::protobuf::Descriptor& type) {
  if (bytes.Length() <= static_cast<size_t>(kMaxMessageBytes)) {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kResourceExhausted,
                   "TOO_LARGE",
                   "",
                   absl::StrCat(type.full_name(),
                                " has ",
                                bytes.Length(),
                                " bytes; at most ",
                                kMaxMessageBytes,
                                " are taken (arrays go through Upload)"));
}

absl::Status ReadMessage(const grpc::ByteBuffer& bytes,
                         google::protobuf::Message& message) {
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  MODBOUND_RETURN_IF_ERROR(CheckMessageBytes(bytes, type));
  if (bytes.Length() > kScannedBytes) {
    grpc::ByteBuffer scanned = bytes;
    grpc::ProtoBufferReader reader(&scanned);
    MODBOUND_RETURN_IF_ERROR(CheckLists(reader, type));
  }
  grpc::ByteBuffer copy = bytes;  // shares the bytes; the reader wants its own
  grpc::ProtoBufferReader reader(&copy);
  if (!reader.status().ok() || !message.ParseFromZeroCopyStream(&reader)) {
    return Refuse("BAD_TEXT",
                  "",
                  absl::StrCat("the bytes are not a valid ",
                               type.full_name(),
                               ": malformed, or text that is not UTF-8"));
  }
  return absl::OkStatus();
}

absl::Status WriteMessage(const google::protobuf::Message& message,
                          grpc::ByteBuffer& bytes) {
  if (message.ByteSizeLong() > static_cast<size_t>(kMaxMessageBytes)) {
    return MakeError(absl::StatusCode::kResourceExhausted,
                     "TOO_LARGE",
                     "",
                     absl::StrCat("the answer, a ",
                                  message.GetDescriptor()->full_name(),
                                  ", has ",
                                  message.ByteSizeLong(),
                                  " bytes; at most ",
                                  kMaxMessageBytes,
                                  " are sent"));
  }
  // The writer takes an empty buffer only; a stream writes into the one of its
  // message before.
  bytes.Clear();
  bool own_buffer = false;
  const grpc::Status status = grpc::GenericSerialize<grpc::ProtoBufferWriter,
                                                     google::protobuf::Message>(
      message, &bytes, &own_buffer);
  return status.ok() ? absl::OkStatus()
                     : absl::InternalError(status.error_message());
}

}  // namespace modbound
