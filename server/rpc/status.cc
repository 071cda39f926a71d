#include "server/rpc/status.h"

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "google/rpc/status.pb.h"
#include "server/errors/error_status.h"
#include "spdlog/spdlog.h"

namespace modbound {
namespace {

// Percent-encoding triples the message in one trailer, base64 carries it twice
// more in the other.
constexpr size_t kMaxMessage = 800;
constexpr size_t kMaxField = 256;

// At most `limit` bytes, cut between two characters of UTF-8.
std::string Cut(std::string_view text, size_t limit) {
  if (text.size() <= limit) {
    return std::string(text);
  }
  constexpr std::string_view kEllipsis = "...";
  size_t end = limit - kEllipsis.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  return std::string(text.substr(0, end)).append(kEllipsis);
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) {
    return grpc::Status::OK;
  }
  const std::string_view message(status.message().data(),
                                 status.message().size());
  if (status.code() == absl::StatusCode::kInternal) {
    spdlog::error("event=internal_error error=\"{}\"", message);
  }
  const google::rpc::Status details =
      ToRpcStatus(MakeError(status.code(),
                            ReasonOf(status),
                            Cut(FieldOf(status), kMaxField),
                            Cut(message, kMaxMessage)));
  return {static_cast<grpc::StatusCode>(status.code()),
          details.message(),
          details.SerializeAsString()};
}

}  // namespace modbound
