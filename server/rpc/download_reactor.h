#ifndef MODBOUND_SERVER_RPC_DOWNLOAD_REACTOR_H_
#define MODBOUND_SERVER_RPC_DOWNLOAD_REACTOR_H_

#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/artifacts/artifact_store.h"
#include "server/jobs/job_queue.h"
#include "server/rpc/admission.h"
#include "server/rpc/open_streams.h"
#include "server/rpc/worker_pool.h"

namespace modbound {

// Answers one Download call: reads a chunk on `pool` when the one before has
// left, so a slow reader costs one chunk; ends when the caller would not be
// admitted any more. Arguments must outlive the call.
grpc::ServerWriteReactor<grpc::ByteBuffer>* StartDownload(
    JobQueue& queue,
    ArtifactStore& artifacts,
    const Caller& caller,
    const grpc::ByteBuffer& request,
    OpenStreams& streams,
    WorkerPool& pool);

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_DOWNLOAD_REACTOR_H_
