#include "server/rpc/unary.h"

#include <new>

#include "core/base/error.h"
#include "server/files/guarded.h"
#include "server/files/until_memory.h"

namespace modbound {

PendingReply::~PendingReply() {
  absl::Status dropped(absl::StatusCode::kInternal, "");
  IfMemory([&] {
    dropped = absl::InternalError("the call was dropped without an answer");
  });
  Finish(dropped, nullptr);
}

void PendingReply::Finish(const absl::Status& status,
                          const google::protobuf::Message* response) {
  if (finished_.exchange(true)) {
    return;
  }
  absl::Status sent = status;
  if (sent.ok()) {
    sent = Guarded([&] { return WriteMessage(*response, *reply_); });
  }
  // Once it is ours to finish, nothing may keep us from it.
  grpc::Status answer;
  try {
    answer = ToGrpcStatus(sent);
  } catch (const std::bad_alloc&) {
    answer = grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "");
  }
  reactor_->Finish(answer);
}

absl::Status OverloadedError() {
  return MakeError(absl::StatusCode::kUnavailable,
                   "OVERLOADED",
                   "",
                   "too many requests wait for the server; try again later");
}

}  // namespace modbound
