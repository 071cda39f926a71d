#include "server/rpc/owner.h"

namespace modbound {

std::string OwnerOf(const grpc::CallbackServerContext& /*context*/) {
  return "local";
}

}  // namespace modbound
