#include "server/rpc/call_meter.h"

#include <chrono>
#include <utility>

#include "server/auth/authorization.h"
#include "server/files/until_memory.h"

namespace modbound {
namespace {

using grpc::experimental::InterceptionHookPoints;

std::string NameOf(const std::string& path) {
  const bool known = IsRpc(path) ||
                     path.rfind("/grpc.health.v1.Health/", 0) == 0 ||
                     path.rfind("/grpc.reflection.", 0) == 0;
  return known ? path : "other";
}

// Of one call.
class CallMeter final : public grpc::experimental::Interceptor {
 public:
  CallMeter(const OnCallEnded& on_ended, std::string method)
      : on_ended_(on_ended), method_(std::move(method)) {}
  // One that was broken off has sent no status.
  ~CallMeter() override { Tell(grpc::StatusCode::CANCELLED); }
  CallMeter(const CallMeter&) = delete;
  CallMeter& operator=(const CallMeter&) = delete;

  void Intercept(
      grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(
            InterceptionHookPoints::PRE_SEND_STATUS)) {
      Tell(methods->GetSendStatus().error_code());
    }
    methods->Proceed();
  }

 private:
  void Tell(int code) {
    if (!told_) {
      told_ = true;
      const std::chrono::duration<double> seconds =
          std::chrono::steady_clock::now() - begin_;
      IfMemory([&] { on_ended_(method_, code, seconds.count()); });
    }
  }

  const OnCallEnded& on_ended_;
  const std::string method_;
  const std::chrono::steady_clock::time_point begin_ =
      std::chrono::steady_clock::now();
  bool told_ = false;
};

class CallMeters final
    : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit CallMeters(OnCallEnded on_ended) : on_ended_(std::move(on_ended)) {}
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override {
    return new CallMeter(on_ended_, NameOf(info->method()));
  }

 private:
  const OnCallEnded on_ended_;
};

}  // namespace

std::vector<
    std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>
MeterCalls(OnCallEnded on_ended) {
  std::vector<
      std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>
      creators;
  creators.push_back(std::make_unique<CallMeters>(std::move(on_ended)));
  return creators;
}

}  // namespace modbound
