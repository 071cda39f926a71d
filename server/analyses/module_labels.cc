#include "server/analyses/module_labels.h"

#include <algorithm>

#include "core/base/error.h"

namespace modbound {

int64_t NumModulesOf(const InputInfos& inputs) {
  const InputInfo& labels = inputs.at("labels");
  return labels.facts.has_value()
             ? static_cast<int64_t>(labels.facts->max()) + 1
             : -1;
}

int64_t MostModules(const InputInfos& inputs, int64_t units) {
  const int64_t modules = NumModulesOf(inputs);
  if (units < 0) {
    return std::max<int64_t>(modules, 0);
  }
  return modules < 0
             ? units
             : std::clamp<int64_t>(modules, 1, std::max<int64_t>(units, 1));
}

absl::Status RequireModules(const InputInfos& inputs) {
  if (NumModulesOf(inputs) != 0) {
    return absl::OkStatus();
  }
  return Refuse(reason::kDegenerate,
                "inputs.labels",
                "inputs.labels puts every unit at -1; at least one needs a "
                "module");
}

int64_t NumPartitionsOf(const std::vector<int64_t>& labels_shape) {
  return labels_shape.size() == 2 ? labels_shape[0] : 1;
}

std::vector<Labels> PartitionsOf(const HostArray& labels) {
  const int64_t N = labels.shape().back();
  std::vector<Labels> partitions(
      static_cast<std::size_t>(NumPartitionsOf(labels.shape())));
  int64_t at = 0;
  for (Labels& partition : partitions) {
    partition.reserve(static_cast<std::size_t>(N));
    for (int64_t i = 0; i < N; ++i) {
      partition.push_back(static_cast<int32_t>(labels.At(at++)));
    }
  }
  return partitions;
}

absl::Status RequireTimePoints(const InputInfos& inputs) {
  const auto activity = inputs.find("activity");
  if (activity == inputs.end() || activity->second.shape[0] != 1) {
    return absl::OkStatus();
  }
  return Refuse(reason::kDegenerate,
                "inputs.activity",
                "inputs.activity has one time point; at least 2 are needed");
}

}  // namespace modbound
