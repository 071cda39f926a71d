#include "core/tasks/definition.h"

namespace modbound {

const std::vector<TaskDefinition>& AllTaskDefinitions() {
  static const auto* const kAll = new std::vector<TaskDefinition>{
      PerceptualDecisionMaking(),
      GoNogo(),
      DelayMatchSample(),
      DelayComparison(),
      ContextDecisionMaking(),
      PerceptualDecisionMakingDelayResponse(),
      DelayPairedAssociation(),
      ReadySetGo(),
      IntervalDiscrimination(),
      MultiSensoryIntegration(),
      DualDelayMatchSample(),
      AntiReach(),
  };
  return *kAll;
}

const TaskDefinition* FindTaskDefinition(std::string_view name) {
  for (const TaskDefinition& definition : AllTaskDefinitions()) {
    if (definition.defaults.name == name) {
      return &definition;
    }
  }
  return nullptr;
}

}  // namespace modbound
