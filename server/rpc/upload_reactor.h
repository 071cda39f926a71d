#ifndef MODBOUND_SERVER_RPC_UPLOAD_REACTOR_H_
#define MODBOUND_SERVER_RPC_UPLOAD_REACTOR_H_

#include <chrono>

#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/artifacts/upload_store.h"
#include "server/rpc/admission.h"
#include "server/rpc/open_streams.h"
#include "server/rpc/worker_pool.h"

namespace modbound {

// Answers one Upload call: takes a message when the one before is in its file,
// so gRPC's flow control slows the client down to the disk. Broken off with
// STREAM_IDLE when no message comes for `most_idle`, and when the caller would
// not be admitted any more. Arguments must outlive the
// call.
grpc::ServerReadReactor<grpc::ByteBuffer>* StartUpload(
    UploadStore& uploads,
    const Caller& caller,
    const grpc::CallbackServerContext& context,
    grpc::ByteBuffer* reply,
    OpenStreams& streams,
    WorkerPools& pools,
    std::chrono::milliseconds most_idle);

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_UPLOAD_REACTOR_H_
