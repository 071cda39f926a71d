#ifndef MODBOUND_SERVER_RPC_SERVER_SERVICE_H_
#define MODBOUND_SERVER_RPC_SERVER_SERVICE_H_

#include "modbound/v1/server.grpc.pb.h"
#include "server/jobs/job_queue.h"
#include "server/rpc/admission.h"

namespace modbound {

using ServerServiceBase =
    v1::ServerService::WithRawCallbackMethod_GetServerInfo<
        v1::ServerService::WithRawCallbackMethod_GetQueueState<
            v1::ServerService::WithRawCallbackMethod_ListKinds<
                v1::ServerService::Service>>>;

// proto/modbound/v1/server.proto's ServerService.
class ServerService final : public ServerServiceBase {
 public:
  // `queue` and `admission` must outlive the calls. `options` are those that
  // the queue was opened with.
  ServerService(JobQueue& queue,
                Admission& admission,
                const JobQueueOptions& options);

  grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* GetQueueState(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* ListKinds(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* reply) override;

 private:
  JobQueue& queue_;
  Admission& admission_;
  v1::ServerInfo info_;  // all but the owner
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_SERVER_SERVICE_H_
