#ifndef MODBOUND_SERVER_RPC_UPLOAD_REACTOR_H_
#define MODBOUND_SERVER_RPC_UPLOAD_REACTOR_H_

#include <string>

#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/artifacts/upload_store.h"
#include "server/rpc/open_streams.h"
#include "server/rpc/worker_pool.h"

namespace modbound {

// Answers one Upload call: takes a message when the one before is in its file,
// so gRPC's flow control slows the client down to the disk. Arguments must
// outlive the call.
grpc::ServerReadReactor<grpc::ByteBuffer>* StartUpload(
    UploadStore& uploads,
    const grpc::CallbackServerContext& context,
    grpc::ByteBuffer* reply,
    OpenStreams& streams,
    WorkerPools& pools);

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_UPLOAD_REACTOR_H_
