#ifndef MODBOUND_SERVER_RPC_CALL_METER_H_
#define MODBOUND_SERVER_RPC_CALL_METER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "grpcpp/support/server_interceptor.h"

namespace modbound {

// Told of each call that ended: its path ("other" when it is none of the
// contract, health or reflection), its status code, how long it took. Called
// from any thread.
using OnCallEnded =
    std::function<void(const std::string& method, int code, double seconds)>;

// For ServerBuilder::experimental().SetInterceptorCreators.
std::vector<
    std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>
MeterCalls(OnCallEnded on_ended);

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_CALL_METER_H_
