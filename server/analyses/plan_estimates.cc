#include "server/analyses/plan_estimates.h"

#include <algorithm>

namespace modbound {

int64_t BytesOf(double estimate) {
  return static_cast<int64_t>(std::min(estimate, 4e18));
}

double ElementsOf(const InputInfos& inputs, const std::string& name) {
  const auto input = inputs.find(name);
  if (input == inputs.end()) {
    return 0;
  }
  double elements = 1;
  for (const int64_t extent : input->second.shape) {
    elements *= static_cast<double>(std::max<int64_t>(extent, 0));
  }
  return elements;
}

double InputBytes(const InputInfos& inputs, const std::string& name) {
  const auto input = inputs.find(name);
  if (input == inputs.end()) {
    return 0;
  }
  const int64_t size = ElementSize(input->second.dtype);
  return ElementsOf(inputs, name) * static_cast<double>(size > 0 ? size : 8);
}

int ThreadsFor(int64_t items) {
  constexpr int64_t kMost = 1 << 20;
  return static_cast<int>(std::clamp<int64_t>(items, 1, kMost));
}

}  // namespace modbound
