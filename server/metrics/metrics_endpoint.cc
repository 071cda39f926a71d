#include "server/metrics/metrics_endpoint.h"

#include <prometheus/exposer.h>

#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace modbound {
namespace {

// One to answer, one for a second reader: scrapes are rare.
constexpr std::size_t kThreads = 2;

bool IsLoopback(const std::string& address) {
  return address.rfind("127.", 0) == 0 || address.rfind("[::1]:", 0) == 0 ||
         address.rfind("localhost:", 0) == 0;
}

std::string WithPort(const std::string& address, int port) {
  return absl::StrCat(address.substr(0, address.rfind(':') + 1), port);
}

}  // namespace

absl::Status MetricsEndpoint::CheckAddress(const std::string& address) {
  return IsLoopback(address)
             ? absl::OkStatus()
             : Refuse("OUT_OF_RANGE",
                      "metrics_listen",
                      absl::StrCat("metrics_listen is ",
                                   address,
                                   "; allowed: HOST:PORT on loopback, since it "
                                   "speaks plain HTTP to whoever asks"));
}

absl::StatusOr<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::Start(
    const std::string& address,
    std::vector<std::shared_ptr<prometheus::Collectable>> collectables) {
  MODBOUND_RETURN_IF_ERROR(CheckAddress(address));
  // civetweb does not know the name.
  const std::string bound = address.rfind("localhost:", 0) == 0
                                ? "127.0.0.1" + address.substr(9)
                                : address;
  try {
    auto exposer = std::make_unique<prometheus::Exposer>(bound, kThreads);
    const std::vector<int> ports = exposer->GetListeningPorts();
    return std::unique_ptr<MetricsEndpoint>(new MetricsEndpoint(
        std::move(exposer),
        ports.empty() ? bound : WithPort(bound, ports.front()),
        std::move(collectables)));
  } catch (const std::exception&) {
    return MakeError(absl::StatusCode::kFailedPrecondition,
                     "OUT_OF_RANGE",
                     "metrics_listen",
                     absl::StrCat("cannot listen on metrics_listen ",
                                  address,
                                  ": it is taken, or no address of this "
                                  "machine"));
  }
}

MetricsEndpoint::MetricsEndpoint(
    std::unique_ptr<prometheus::Exposer> exposer,
    std::string address,
    std::vector<std::shared_ptr<prometheus::Collectable>> collectables)
    : collectables_(std::move(collectables)),
      exposer_(std::move(exposer)),
      address_(std::move(address)) {
  for (const auto& collectable : collectables_) {
    exposer_->RegisterCollectable(collectable);
  }
}

MetricsEndpoint::~MetricsEndpoint() = default;

}  // namespace modbound
