#include "server/auth/authorization.h"

#include <algorithm>
#include <iterator>

namespace modbound {

bool IsRpc(std::string_view path) {
  return std::any_of(std::begin(kAllRpcs), std::end(kAllRpcs), [&](Rpc rpc) {
    return path == PathOf(rpc);
  });
}

Access AccessOfPath(std::string_view path) {
  constexpr std::string_view kHealth = "/grpc.health.v1.Health/";
  return path.substr(0, kHealth.size()) == kHealth ? Access::kPublic
                                                   : Access::kCaller;
}

}  // namespace modbound
