#ifndef MODBOUND_SERVER_RPC_REFUSED_CALL_H_
#define MODBOUND_SERVER_RPC_REFUSED_CALL_H_

#include <functional>

#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/admission.h"
#include "server/rpc/status.h"

namespace modbound {

// Runs `answer` now or, for a refusal that should take its time, a second
// later; when too many of those wait already, now.
void AnswerRefused(bool slow, std::function<void()> answer);

// Answers a call that was not admitted.
grpc::ServerUnaryReactor* RefuseCall(grpc::CallbackServerContext* context,
                                     const Admitted& refused);

// The same for a stream: grpc::ServerReadReactor or grpc::ServerWriteReactor.
template <typename Reactor>
Reactor* RefuseStream(const Admitted& refused) {
  class Refusal final : public Reactor {
   public:
    explicit Refusal(const Admitted& admitted) {
      AnswerRefused(admitted.slow,
                    [this, status = ToGrpcStatus(admitted.status)] {
                      this->Finish(status);
                    });
    }
    void OnDone() override { delete this; }
  };
  return new Refusal(refused);
}

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_REFUSED_CALL_H_
