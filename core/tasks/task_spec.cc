#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "core/tasks/definition.h"

namespace modbound {
namespace {

const TaskDefinition& DefinitionOf(std::string_view name) {
  const TaskDefinition* definition = FindTaskDefinition(name);
  MODBOUND_CHECK(definition != nullptr);
  return *definition;
}

}  // namespace

const Duration& TaskSpec::LengthOf(Period period) const {
  switch (period) {
    case Period::kFixation:
      return fixation_ms;
    case Period::kStimulus:
      return stimulus_ms;
    case Period::kDelay:
      return delay_ms;
    case Period::kDecision:
      return decision_ms;
    case Period::kSample:
      return sample_ms;
    case Period::kTest:
      return test_ms;
    case Period::kStimulus1:
      return stimulus1_ms;
    case Period::kStimulus2:
      return stimulus2_ms;
    case Period::kDelay1:
      return delay1_ms;
    case Period::kDelay2:
      return delay2_ms;
    case Period::kCue1:
      return cue1_ms;
    case Period::kCue2:
      return cue2_ms;
    case Period::kTest1:
      return test1_ms;
    case Period::kTest2:
      return test2_ms;
    case Period::kReady:
      return ready_ms;
    case Period::kMeasure:
      return measure_ms;
    default:
      MODBOUND_CHECK(period == Period::kSet);
      return set_ms;
  }
}

Duration& TaskSpec::LengthOf(Period period) {
  const TaskSpec& self = *this;
  return const_cast<Duration&>(self.LengthOf(period));
}

const char* TaskFieldName(TaskField field) {
  constexpr std::array<const char*, kTaskFields.size()> kNames = {
      "sigma",
      "coherences",
      "dim_ring",
      "anti",
      "value_pairs",
      "gain",
      "prod_margin",
      "association"};
  return kNames[static_cast<std::size_t>(field)];
}

bool HasField(const TaskDefinition& definition, TaskField field) {
  return std::find(definition.fields.begin(), definition.fields.end(), field) !=
         definition.fields.end();
}

bool TaskHas(std::string_view name, TaskField field) {
  return HasField(DefinitionOf(name), field);
}

bool TaskHas(std::string_view name, Period period) {
  const std::vector<PeriodRule>& periods = DefinitionOf(name).periods;
  return period != Period::kProduction &&
         std::any_of(
             periods.begin(), periods.end(), [&](const PeriodRule& rule) {
               return rule.period == period;
             });
}

absl::StatusOr<TaskSpec> DefaultTaskSpec(std::string_view name,
                                         std::string_view path) {
  const TaskDefinition* definition = FindTaskDefinition(name);
  if (definition == nullptr) {
    const std::string field = absl::StrCat(std::string(path), ".name");
    return Refuse(reason::kOutOfRange,
                  field,
                  absl::StrCat(field,
                               " is ",
                               std::string(name),
                               "; allowed: ",
                               absl::StrJoin(TaskNames(), "|")));
  }
  return definition->defaults;
}

std::vector<std::string> TaskNames() {
  std::vector<std::string> names;
  for (const TaskDefinition& definition : AllTaskDefinitions()) {
    names.push_back(definition.defaults.name);
  }
  return names;
}

}  // namespace modbound
