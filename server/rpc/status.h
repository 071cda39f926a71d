#ifndef MODBOUND_SERVER_RPC_STATUS_H_
#define MODBOUND_SERVER_RPC_STATUS_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace modbound {

// An error as gRPC sends it: code, message, and google.rpc.Status in
// grpc-status-details-bin with one ErrorInfo (and a BadRequest where a field is
// to blame). Long messages and fields are cut, so that the trailers stay below
// gRPC's 8 KiB and the client sees this error instead of one about trailers.
// kInternal is logged: it is our own bug or a fault of the machine.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_STATUS_H_
