#ifndef MODBOUND_SERVER_RPC_JOB_SERVICE_H_
#define MODBOUND_SERVER_RPC_JOB_SERVICE_H_

#include "modbound/v1/job.grpc.pb.h"
#include "server/jobs/job_queue.h"
#include "server/rpc/admission.h"
#include "server/rpc/open_streams.h"
#include "server/rpc/worker_pool.h"

namespace modbound {

using JobServiceBase = v1::JobService::WithRawCallbackMethod_SubmitJob<
    v1::JobService::WithRawCallbackMethod_SubmitGraph<
        v1::JobService::WithRawCallbackMethod_GetJob<
            v1::JobService::WithRawCallbackMethod_ListJobs<
                v1::JobService::WithRawCallbackMethod_WatchJob<
                    v1::JobService::WithRawCallbackMethod_CancelJob<
                        v1::JobService::WithRawCallbackMethod_DeleteJob<
                            v1::JobService::WithRawCallbackMethod_ReproduceJob<
                                v1::JobService::
                                    WithRawCallbackMethod_ExplainJob<
                                        v1::JobService::
                                            WithRawCallbackMethod_GetLogs<
                                                v1::JobService::
                                                    Service>>>>>>>>>>;

// proto/modbound/v1/job.proto's JobService over a JobQueue. Calls that change
// something answer from the queue's commit, so that one fsync serves many.
class JobService final : public JobServiceBase {
 public:
  // All must outlive the calls.
  JobService(JobQueue& queue,
             Admission& admission,
             OpenStreams& streams,
             WorkerPools& pools)
      : queue_(queue),
        admission_(admission),
        streams_(streams),
        pools_(pools) {}

  grpc::ServerUnaryReactor* SubmitJob(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* SubmitGraph(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context,
                                     const grpc::ByteBuffer* request,
                                     grpc::ByteBuffer* reply) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* WatchJob(
      grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* CancelJob(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* DeleteJob(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* ReproduceJob(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* ExplainJob(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* reply) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* GetLogs(
      grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* request) override;

 private:
  JobQueue& queue_;
  Admission& admission_;
  OpenStreams& streams_;
  WorkerPools& pools_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_JOB_SERVICE_H_
