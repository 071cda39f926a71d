#ifndef MODBOUND_SERVER_METRICS_METRICS_ENDPOINT_H_
#define MODBOUND_SERVER_METRICS_METRICS_ENDPOINT_H_

#include <prometheus/collectable.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace prometheus {
class Exposer;
}

namespace modbound {

// Answers GET /metrics on HOST:PORT, in plain HTTP: for a Prometheus on the
// same machine, or behind a proxy of the lab's.
class MetricsEndpoint {
 public:
  // `address`: "127.0.0.1:9464" or another loopback address; port 0 = any free
  // one. Errors: CheckAddress; kFailedPrecondition OUT_OF_RANGE
  // "metrics_listen" when it is taken.
  static absl::StatusOr<std::unique_ptr<MetricsEndpoint>> Start(
      const std::string& address,
      std::vector<std::shared_ptr<prometheus::Collectable>> collectables);
  ~MetricsEndpoint();
  // kInvalidArgument OUT_OF_RANGE "metrics_listen" for an address that is none
  // of loopback.
  static absl::Status CheckAddress(const std::string& address);

  // With the port that was chosen.
  const std::string& address() const { return address_; }

 private:
  MetricsEndpoint(
      std::unique_ptr<prometheus::Exposer> exposer,
      std::string address,
      std::vector<std::shared_ptr<prometheus::Collectable>> collectables);

  // The exposer itself holds them weakly.
  const std::vector<std::shared_ptr<prometheus::Collectable>> collectables_;
  const std::unique_ptr<prometheus::Exposer> exposer_;
  const std::string address_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_METRICS_METRICS_ENDPOINT_H_
