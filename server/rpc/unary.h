#ifndef MODBOUND_SERVER_RPC_UNARY_H_
#define MODBOUND_SERVER_RPC_UNARY_H_

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/error.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/files/guarded.h"
#include "server/rpc/message.h"
#include "server/rpc/status.h"
#include "server/rpc/worker_pool.h"

namespace modbound {

// The answer that a unary call still owes. Finishes the call exactly once: with
// the first answer given, or with kInternal when everybody dropped it.
class PendingReply {
 public:
  PendingReply(grpc::ServerUnaryReactor* reactor, grpc::ByteBuffer* reply)
      : reactor_(reactor), reply_(reply) {}
  ~PendingReply();
  PendingReply(const PendingReply&) = delete;
  PendingReply& operator=(const PendingReply&) = delete;

  // Threads: from any, also several at once.
  void Finish(const absl::Status& status,
              const google::protobuf::Message* response);

 private:
  std::atomic<bool> finished_{false};
  grpc::ServerUnaryReactor* reactor_;
  grpc::ByteBuffer* reply_;
};

// kUnavailable OVERLOADED: too many requests wait.
absl::Status OverloadedError();

// Reads the request and gives it to method(request, done); whoever calls
// `done`, now or later and from any thread, answers the call. An exception that
// leaves `method` answers it too.
template <typename Request, typename Response, typename Method>
void ReadAndRun(const grpc::ByteBuffer& bytes,
                const std::shared_ptr<PendingReply>& pending,
                const Method& method) {
  const std::function<void(absl::StatusOr<Response>)> done =
      [pending](absl::StatusOr<Response> response) {
        pending->Finish(response.status(),
                        response.ok() ? &*response : nullptr);
      };
  const absl::Status status = Guarded([&] {
    Request request;
    absl::Status read = ReadMessage(bytes, request);
    if (read.ok()) {
      method(std::move(request), done);
    }
    return read;
  });
  if (!status.ok()) {
    pending->Finish(status, nullptr);
  }
}

// Answers by method(request, done) as above, on this thread.
template <typename Request, typename Response, typename Method>
grpc::ServerUnaryReactor* AnswerLater(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* bytes,
                                      grpc::ByteBuffer* reply,
                                      const Method& method) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  ReadAndRun<Request, Response>(
      *bytes, std::make_shared<PendingReply>(reactor, reply), method);
  return reactor;
}

// Reads the request and answers with what method(request) returns, a
// StatusOr<Response>.
template <typename Request, typename Response, typename Method>
grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context,
                                 const grpc::ByteBuffer* bytes,
                                 grpc::ByteBuffer* reply,
                                 const Method& method) {
  return AnswerLater<Request, Response>(
      context, bytes, reply, [&method](const Request& request, auto& done) {
        done(method(request));
      });
}

// As AnswerLater, but all of it on `pool`, because it may take long. While it
// waits there, the request is what came and no more: read, it may take forty
// times the memory. OVERLOADED when too much waits already.
template <typename Request, typename Response, typename Method>
grpc::ServerUnaryReactor* AnswerLaterOn(WorkerPool& pool,
                                        grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* bytes,
                                        grpc::ByteBuffer* reply,
                                        Method method) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto pending = std::make_shared<PendingReply>(reactor, reply);
  const absl::Status status = Guarded([&]() -> absl::Status {
    MODBOUND_RETURN_IF_ERROR(CheckMessageBytes(*bytes, *Request::descriptor()));
    // The copy shares the bytes.
    const bool queued =
        pool.TryRun(static_cast<int64_t>(bytes->Length()),
                    [request = *bytes, pending, method = std::move(method)] {
                      ReadAndRun<Request, Response>(request, pending, method);
                    });
    return queued ? absl::OkStatus() : OverloadedError();
  });
  if (!status.ok()) {
    pending->Finish(status, nullptr);
  }
  return reactor;
}

// As Answer, but method(request) runs on `pool`.
template <typename Request, typename Response, typename Method>
grpc::ServerUnaryReactor* AnswerOn(WorkerPool& pool,
                                   grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* bytes,
                                   grpc::ByteBuffer* reply,
                                   Method method) {
  return AnswerLaterOn<Request, Response>(
      pool,
      context,
      bytes,
      reply,
      [method](const Request& request, const auto& done) {
        done(method(request));
      });
}

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_UNARY_H_
