#ifndef MODBOUND_SERVER_RPC_OWNER_H_
#define MODBOUND_SERVER_RPC_OWNER_H_

#include <string>

#include "grpcpp/server_context.h"

namespace modbound {

// Who calls. Servers listen on loopback and Unix sockets only, where every
// caller is `local`; this is the one place that tokens and certificates will
// change.
std::string OwnerOf(const grpc::CallbackServerContext& context);

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_OWNER_H_
