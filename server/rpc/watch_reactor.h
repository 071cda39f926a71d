#ifndef MODBOUND_SERVER_RPC_WATCH_REACTOR_H_
#define MODBOUND_SERVER_RPC_WATCH_REACTOR_H_

#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/jobs/job_queue.h"
#include "server/rpc/admission.h"
#include "server/rpc/open_streams.h"
#include "server/rpc/worker_pool.h"

namespace modbound {

// Answers one WatchJob call. Pulls an event from the queue only when the one
// before has left, so a slow reader costs one message; takes no thread while
// nothing happens. Ends when the caller would not be admitted any more.
// Arguments must outlive the call.
grpc::ServerWriteReactor<grpc::ByteBuffer>* StartWatch(
    JobQueue& queue,
    const Caller& caller,
    const grpc::ByteBuffer& request,
    OpenStreams& streams,
    WorkerPool& pool);

// Likewise one GetLogs call.
grpc::ServerWriteReactor<grpc::ByteBuffer>* StartLogs(
    JobQueue& queue,
    const Caller& caller,
    const grpc::ByteBuffer& request,
    OpenStreams& streams,
    WorkerPool& pool);

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_WATCH_REACTOR_H_
