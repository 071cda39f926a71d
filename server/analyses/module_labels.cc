#include "server/analyses/module_labels.h"

#include "core/base/error.h"

namespace modbound {

int64_t NumModulesOf(const InputInfos& inputs) {
  const InputInfo& labels = inputs.at("labels");
  return labels.facts.has_value()
             ? static_cast<int64_t>(labels.facts->max()) + 1
             : -1;
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
