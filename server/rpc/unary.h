#ifndef MODBOUND_SERVER_RPC_UNARY_H_
#define MODBOUND_SERVER_RPC_UNARY_H_

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
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

// Reads the request and calls method(request, done); whoever calls `done`, now
// or later and from any thread, answers the call. An exception that leaves
// `method` answers it too.
template <typename Request, typename Response, typename Method>
grpc::ServerUnaryReactor* AnswerLater(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* bytes,
                                      grpc::ByteBuffer* reply,
                                      Method method) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto pending = std::make_shared<PendingReply>(reactor, reply);
  const std::function<void(absl::StatusOr<Response>)> done =
      [pending](absl::StatusOr<Response> response) {
        pending->Finish(response.status(),
                        response.ok() ? &*response : nullptr);
      };
  const absl::Status status = Guarded([&] {
    Request request;
    absl::Status read = ReadMessage(*bytes, request);
    if (read.ok()) {
      method(std::move(request), done);
    }
    return read;
  });
  if (!status.ok()) {
    pending->Finish(status, nullptr);
  }
  return reactor;
}

// Reads the request and answers with what method(request) returns, a
// StatusOr<Response>.
template <typename Request, typename Response, typename Method>
grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context,
                                 const grpc::ByteBuffer* bytes,
                                 grpc::ByteBuffer* reply,
                                 Method method) {
  return AnswerLater<Request, Response>(
      context, bytes, reply, [&method](Request request, const auto& done) {
        done(method(request));
      });
}

// As AnswerLater, but method(request, done) runs on `pool`, because it may take
// long.
template <typename Request, typename Response, typename Method>
grpc::ServerUnaryReactor* AnswerLaterOn(WorkerPool& pool,
                                        grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* bytes,
                                        grpc::ByteBuffer* reply,
                                        Method method) {
  return AnswerLater<Request, Response>(
      context, bytes, reply, [&](Request request, const auto& done) {
        pool.Run([request = std::move(request), done, method]() mutable {
          const absl::Status status = Guarded([&] {
            method(std::move(request), done);
            return absl::OkStatus();
          });
          if (!status.ok()) {
            done(status);
          }
        });
      });
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
