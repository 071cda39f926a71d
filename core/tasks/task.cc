#include "core/tasks/task.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/error.h"
#include "core/tasks/definition.h"

namespace modbound {
namespace {

constexpr double kMaxSteps = 2147483648.0;

absl::StatusOr<const TaskDefinition*> Find(std::string_view name) {
  const TaskDefinition* definition = FindTaskDefinition(name);
  if (definition == nullptr) {
    return Refuse(reason::kOutOfRange,
                  "task.name",
                  absl::StrCat("task.name is ",
                               std::string(name),
                               "; allowed: ",
                               absl::StrJoin(TaskNames(), "|")));
  }
  return definition;
}

// floor(length / dt); the tiny part makes up for quotients such as 0.3 / 0.1
// that fall just below a whole number.
int64_t StepsOf(double length_ms, double dt_ms) {
  return static_cast<int64_t>(std::floor(length_ms / dt_ms + 1e-9));
}

absl::Status CheckPeriod(const char* name,
                         double length_ms,
                         double dt_ms,
                         bool needed) {
  const std::string field = absl::StrCat("task.", name);
  if (!std::isfinite(length_ms) || length_ms < 0 ||
      length_ms / dt_ms >= kMaxSteps) {
    return Refuse(
        reason::kOutOfRange,
        field,
        absl::StrCat(field,
                     " is ",
                     length_ms,
                     "; allowed: >= 0, fewer than 2^31 steps of dt = ",
                     dt_ms,
                     " ms"));
  }
  if (needed && StepsOf(length_ms, dt_ms) < 1) {
    return Refuse(reason::kOutOfRange,
                  field,
                  absl::StrCat(field,
                               " is ",
                               length_ms,
                               "; the period must hold at least one step of dt "
                               "= ",
                               dt_ms,
                               " ms"));
  }
  return absl::OkStatus();
}

absl::Status CheckNoise(const TaskSpec& spec,
                        const TaskDefinition& definition) {
  if (!definition.has_noise) {
    if (spec.sigma != 0 || !spec.coherences.empty()) {
      const char* field = spec.sigma != 0 ? "task.sigma" : "task.coherences";
      return Refuse(reason::kOutOfRange,
                    field,
                    absl::StrCat(field, " is set; ", spec.name, " has none"));
    }
    return absl::OkStatus();
  }
  if (!std::isfinite(spec.sigma) || spec.sigma < 0) {
    return Refuse(
        reason::kOutOfRange,
        "task.sigma",
        absl::StrCat("task.sigma is ", spec.sigma, "; allowed: >= 0"));
  }
  if (spec.coherences.empty()) {
    return Refuse(reason::kOutOfRange,
                  "task.coherences",
                  "task.coherences is empty; at least one is needed");
  }
  for (const double coherence : spec.coherences) {
    if (!(coherence >= 0 && coherence <= 100)) {
      return Refuse(
          reason::kOutOfRange,
          "task.coherences",
          absl::StrCat(
              "task.coherences holds ", coherence, "; allowed: 0 to 100"));
    }
  }
  return absl::OkStatus();
}

void FillFixation(const PeriodSteps& periods,
                  Fixation fixation,
                  Matrix& means) {
  const int64_t end = fixation == Fixation::kTonic ? periods.decision_begin()
                                                   : periods.fixation;
  means.col(0).head(end).setOnes();
}

}  // namespace

Task::Task(const TaskDefinition* definition, TaskSpec spec, double dt_ms)
    : definition_(definition), spec_(std::move(spec)), dt_ms_(dt_ms) {
  periods_.fixation = StepsOf(spec_.fixation_ms, dt_ms);
  periods_.stimulus = StepsOf(spec_.stimulus_ms, dt_ms);
  periods_.delay = StepsOf(spec_.delay_ms, dt_ms);
  periods_.decision = StepsOf(spec_.decision_ms, dt_ms);
}

absl::StatusOr<Task> Task::Make(const TaskSpec& spec, double dt_ms) {
  MODBOUND_ASSIGN_OR_RETURN(const TaskDefinition* definition, Find(spec.name));
  if (!std::isfinite(dt_ms) || dt_ms <= 0) {
    return Refuse(reason::kOutOfRange,
                  "dt",
                  absl::StrCat("dt is ", dt_ms, "; allowed: > 0"));
  }
  MODBOUND_RETURN_IF_ERROR(
      CheckPeriod("fixation_ms", spec.fixation_ms, dt_ms, false));
  MODBOUND_RETURN_IF_ERROR(
      CheckPeriod("stimulus_ms", spec.stimulus_ms, dt_ms, true));
  MODBOUND_RETURN_IF_ERROR(
      CheckPeriod("delay_ms", spec.delay_ms, dt_ms, false));
  MODBOUND_RETURN_IF_ERROR(
      CheckPeriod("decision_ms", spec.decision_ms, dt_ms, true));
  MODBOUND_RETURN_IF_ERROR(CheckNoise(spec, *definition));
  return Task(definition, spec, dt_ms);
}

int64_t Task::inputs() const { return definition_->inputs; }
int64_t Task::outputs() const { return definition_->outputs; }
int64_t Task::trial_types() const { return definition_->trial_types; }
bool Task::has_coherences() const { return definition_->has_noise; }
const std::vector<std::string>& Task::variable_names() const {
  return definition_->variable_names;
}

Trial Task::NoiseFree(int32_t ground_truth, double coherence) const {
  Trial trial;
  trial.ground_truth = ground_truth;
  trial.coherence = coherence;
  FillNoiseFree(trial);
  trial.inputs = trial.means;
  return trial;
}

void Task::FillNoiseFree(Trial& trial) const {
  trial.means.setZero(steps(), inputs());
  FillFixation(periods_, spec_.fixation, trial.means);
  definition_->fill_means(periods_, trial);
  trial.targets.assign(static_cast<std::size_t>(steps()), 0);
  std::fill(trial.targets.begin() + periods_.decision_begin(),
            trial.targets.end(),
            FinalTarget(trial.ground_truth));
}

void Task::Draw(RandomStream& random, Trial& trial) const {
  trial.ground_truth =
      static_cast<int32_t>(random.Index(static_cast<uint64_t>(trial_types())));
  trial.coherence =
      spec_.coherences.empty()
          ? 0
          : spec_.coherences[random.Index(spec_.coherences.size())];
  FillNoiseFree(trial);
  trial.inputs = trial.means;
  if (spec_.sigma == 0) {
    return;
  }
  const double sd = spec_.sigma / std::sqrt(dt_ms_);
  for (int64_t t = periods_.stimulus_begin(); t < periods_.stimulus_end();
       ++t) {
    for (const int64_t channel : definition_->noise_channels) {
      trial.inputs(t, channel) += sd * random.Normal();
    }
  }
}

Matrix Task::Variables(const Trial& trial) const {
  Matrix variables =
      Matrix::Zero(steps(), static_cast<int64_t>(variable_names().size()));
  definition_->fill_variables(periods_, trial, variables);
  return variables;
}

int32_t Task::FinalTarget(int32_t ground_truth) const {
  return definition_->final_target(ground_truth);
}

Vector Task::ConstantInput() const { return definition_->constant_input; }

absl::StatusOr<TaskSpec> DefaultTaskSpec(std::string_view name) {
  MODBOUND_ASSIGN_OR_RETURN(const TaskDefinition* definition, Find(name));
  return definition->defaults;
}

absl::StatusOr<bool> TaskHasNoise(std::string_view name) {
  MODBOUND_ASSIGN_OR_RETURN(const TaskDefinition* definition, Find(name));
  return definition->has_noise;
}

std::vector<std::string> TaskNames() {
  std::vector<std::string> names;
  for (const TaskDefinition& definition : AllTaskDefinitions()) {
    names.push_back(definition.defaults.name);
  }
  return names;
}

}  // namespace modbound
