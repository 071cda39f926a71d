#ifndef MODBOUND_SERVER_RPC_ARTIFACT_SERVICE_H_
#define MODBOUND_SERVER_RPC_ARTIFACT_SERVICE_H_

#include "modbound/v1/artifact.grpc.pb.h"
#include "server/artifacts/artifact_store.h"
#include "server/artifacts/upload_store.h"
#include "server/jobs/job_queue.h"
#include "server/rpc/admission.h"
#include "server/rpc/open_streams.h"
#include "server/rpc/server_limits.h"
#include "server/rpc/worker_pool.h"

namespace modbound {

using ArtifactServiceBase = v1::ArtifactService::WithRawCallbackMethod_Upload<
    v1::ArtifactService::WithRawCallbackMethod_QueryUpload<
        v1::ArtifactService::WithRawCallbackMethod_Download<
            v1::ArtifactService::WithRawCallbackMethod_StatArtifact<
                v1::ArtifactService::WithRawCallbackMethod_FindMissing<
                    v1::ArtifactService::Service>>>>>;

// proto/modbound/v1/artifact.proto's ArtifactService over the stores.
class ArtifactService final : public ArtifactServiceBase {
 public:
  // All must outlive the calls.
  ArtifactService(JobQueue& queue,
                  Admission& admission,
                  ArtifactStore& artifacts,
                  UploadStore& uploads,
                  OpenStreams& streams,
                  WorkerPools& pools,
                  const ServerLimits& limits)
      : queue_(queue),
        admission_(admission),
        artifacts_(artifacts),
        uploads_(uploads),
        streams_(streams),
        pools_(pools),
        limits_(limits) {}

  grpc::ServerReadReactor<grpc::ByteBuffer>* Upload(
      grpc::CallbackServerContext* context, grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* QueryUpload(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* reply) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Download(
      grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* StatArtifact(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* FindMissing(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* reply) override;

 private:
  JobQueue& queue_;
  Admission& admission_;
  ArtifactStore& artifacts_;
  UploadStore& uploads_;
  OpenStreams& streams_;
  WorkerPools& pools_;
  const ServerLimits limits_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_ARTIFACT_SERVICE_H_
