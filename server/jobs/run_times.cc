#include "server/jobs/run_times.h"

namespace modbound {

void RunTimes::Add(const std::string& kind, double core_seconds) {
  constexpr double kWeight = 0.2;
  for (const std::string& name : {kind, std::string()}) {
    const auto [mean, first] = means_.try_emplace(name, core_seconds);
    if (!first) {
      mean->second += kWeight * (core_seconds - mean->second);
    }
  }
}

std::optional<double> RunTimes::Estimate(const std::string& kind) const {
  for (const std::string& name : {kind, std::string()}) {
    if (const auto mean = means_.find(name); mean != means_.end()) {
      return mean->second;
    }
  }
  return std::nullopt;
}

}  // namespace modbound
