#include "core/tasks/task.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "core/tasks/definition.h"
#include "core/tasks/task_parts.h"

namespace modbound {
namespace {

// Normal numbers that are drawn at once.
constexpr int64_t kNoiseValues = 256;

// Where the periods of a trial lie; length_of(duration) tells each length.
template <typename LengthOf>
PeriodSteps LayOut(const TaskDefinition& definition,
                   const TaskSpec& spec,
                   double dt_ms,
                   const LengthOf& length_of) {
  PeriodSteps periods;
  for (const PeriodRule& rule : definition.periods) {
    PeriodSpan& span = periods[rule.period];
    span.begin = periods.total;
    span.length_ms = rule.period == Period::kProduction
                         ? 2 * spec.gain * periods[Period::kMeasure].length_ms
                         : length_of(spec.LengthOf(rule.period));
    span.steps = StepsOf(span.length_ms, dt_ms);
    if (rule.period == Period::kMeasure) {
      // What is to be produced was measured in whole steps, as in neurogym.
      span.length_ms = static_cast<double>(span.steps) * dt_ms;
    }
    periods.total += rule.beside_next ? 0 : span.steps;
  }
  return periods;
}

int64_t FixationEnd(const TaskDefinition& definition,
                    const TaskSpec& spec,
                    const PeriodSteps& periods) {
  if (spec.fixation == Fixation::kPeriod) {
    return periods[Period::kFixation].end();
  }
  return definition.response.has_value() ? periods[*definition.response].begin
                                         : periods.total;
}

}  // namespace

// The tiny part makes up for quotients such as 0.3 / 0.1 that fall just below a
// whole number.
int64_t StepsOf(double length_ms, double dt_ms) {
  return static_cast<int64_t>(std::floor(length_ms / dt_ms + 1e-9));
}

Task::Task(std::vector<Member> members, double dt_ms)
    : members_(std::move(members)), dt_ms_(dt_ms) {
  for (Member& member : members_) {
    member.first_input = shape_.inputs;
    member.first_output = shape_.outputs;
    member.first_type = shape_.trial_types;
    shape_.inputs += member.shape.inputs;
    shape_.outputs += member.shape.outputs;
    shape_.trial_types += member.shape.trial_types;
    max_steps_ = std::max(max_steps_, member.longest.total);
    min_steps_ = &member == &members_.front()
                     ? member.shortest.total
                     : std::min(min_steps_, member.shortest.total);
    member.variables.clear();
    for (const std::string& name : member.definition->variable_names) {
      const auto known =
          std::find(variable_names_.begin(), variable_names_.end(), name);
      member.variables.push_back(known - variable_names_.begin());
      if (known == variable_names_.end()) {
        variable_names_.push_back(name);
      }
    }
  }
}

absl::StatusOr<Task> Task::Make(const TaskSpec& spec,
                                double dt_ms,
                                std::string_view path) {
  MODBOUND_RETURN_IF_ERROR(DefaultTaskSpec(spec.name, path).status());
  if (!std::isfinite(dt_ms) || dt_ms <= 0) {
    return Refuse(reason::kOutOfRange,
                  "dt",
                  absl::StrCat("dt is ", dt_ms, "; allowed: > 0"));
  }
  Member member;
  member.definition = FindTaskDefinition(spec.name);
  static_cast<TaskSpec&>(member.spec) = spec;
  MODBOUND_RETURN_IF_ERROR(
      CheckTaskSpec(*member.definition, spec, dt_ms, std::string(path)));
  member.spec.ring_cosines = RingCosines(spec.dim_ring);
  member.shape = member.definition->shape(spec);
  for (const PeriodRule& rule : member.definition->periods) {
    member.fixed = member.fixed && (rule.period == Period::kProduction ||
                                    !spec.LengthOf(rule.period).is_random());
  }
  member.shortest =
      LayOut(*member.definition, spec, dt_ms, [](const Duration& length) {
        return length.shortest();
      });
  member.longest =
      LayOut(*member.definition, spec, dt_ms, [](const Duration& length) {
        return length.longest();
      });
  return Task({std::move(member)}, dt_ms);
}

Task Task::Combine(const std::vector<Task>& tasks) {
  MODBOUND_CHECK(!tasks.empty());
  std::vector<Member> members;
  for (const Task& task : tasks) {
    MODBOUND_CHECK(task.dt_ms_ == tasks[0].dt_ms_);
    members.insert(members.end(), task.members_.begin(), task.members_.end());
  }
  return Task(std::move(members), tasks[0].dt_ms_);
}

std::string Task::name() const {
  std::string names;
  for (const Member& member : members_) {
    absl::StrAppend(&names, names.empty() ? "" : " + ", member.spec.name);
  }
  return names;
}

int64_t Task::max_judged_steps() const {
  int64_t most = 1;
  for (const Member& member : members_) {
    if (member.definition->judged_steps != nullptr) {
      most = std::max(most, member.definition->judged_steps(member.longest));
    }
  }
  return most;
}

bool Task::IsCoinToss(const Trial& trial) const {
  return trial.coherence == 0 &&
         HasField(*At(trial.task).definition, TaskField::kCoherences);
}

Trial Task::NoiseFree(int32_t ground_truth,
                      double coherence,
                      const TrialExtras& extras) const {
  const PeriodSteps& periods = At(0).shortest;
  Trial trial;
  trial.ground_truth = ground_truth;
  trial.coherence = coherence;
  trial.extras = extras;
  trial.periods = periods;
  Fill(trial);
  trial.means.conservativeResize(periods.total, inputs());
  trial.inputs = trial.means;
  return trial;
}

void Task::Fill(Trial& trial) const {
  const Member& member = At(trial.task);
  const TaskDefinition& definition = *member.definition;
  const PeriodSteps& periods = trial.periods;
  const int64_t T = trial.steps();
  if (trial.means.rows() != max_steps_ || trial.means.cols() != inputs()) {
    trial.means.resize(max_steps_, inputs());
    trial.inputs.resize(max_steps_, inputs());
    trial.targets.reserve(static_cast<std::size_t>(max_steps_));
  }
  std::fill_n(trial.means.data(), T * inputs(), 0.0);
  auto means = trial.means.block(0, member.first_input, T, member.shape.inputs);
  means.col(0).head(FixationEnd(definition, member.spec, periods)).setOnes();
  definition.fill_means(member.spec, trial, means);
  trial.targets.assign(static_cast<std::size_t>(T), 0);
  if (definition.fill_targets != nullptr) {
    definition.fill_targets(dt_ms_, trial);
  } else {
    std::fill(trial.targets.begin() + periods[*definition.response].begin,
              trial.targets.end(),
              definition.final_target(trial.ground_truth));
  }
  for (int32_t& target : trial.targets) {
    target += static_cast<int32_t>(member.first_output);
  }
}

int32_t Task::DrawTask(RandomStream& random) const {
  return members_.size() == 1
             ? 0
             : static_cast<int32_t>(random.Index(members_.size()));
}

PeriodSteps Task::DrawPeriods(const Member& member,
                              RandomStream& random) const {
  return member.fixed ? member.shortest
                      : LayOut(*member.definition,
                               member.spec,
                               dt_ms_,
                               [&](const Duration& length) {
                                 return length.Draw(random);
                               });
}

void Task::Draw(RandomStream& random, Trial& trial) const {
  trial.task = DrawTask(random);
  trial.extras = {};
  const Member& member = At(trial.task);
  trial.periods = DrawPeriods(member, random);
  if (member.definition->draw != nullptr) {
    member.definition->draw(member.spec, random, trial);
  } else {
    trial.ground_truth = static_cast<int32_t>(
        random.Index(static_cast<uint64_t>(member.shape.trial_types)));
  }
  const std::vector<double>& coherences = member.spec.coherences;
  trial.coherence =
      coherences.empty() ? 0 : coherences[random.Index(coherences.size())];
  Fill(trial);
  std::copy_n(
      trial.means.data(), trial.steps() * inputs(), trial.inputs.data());
  AddNoise(random, trial);
}

int64_t Task::DrawSteps(RandomStream random) const {
  if (min_steps_ == max_steps_) {
    return max_steps_;
  }
  return DrawPeriods(At(DrawTask(random)), random).total;
}

void Task::AddNoise(RandomStream& random, Trial& trial) const {
  const Member& member = At(trial.task);
  if (member.spec.sigma == 0) {
    return;
  }
  const double sd = member.spec.sigma / std::sqrt(dt_ms_);
  const int64_t channels = member.shape.noise_channels;
  std::array<double, kNoiseValues> noise;
  for (const Period period : member.definition->noise_periods) {
    const PeriodSpan& span = trial.periods[period];
    double* row =
        trial.inputs.data() + span.begin * inputs() + member.first_input + 1;
    int64_t channel = 0;
    for (int64_t left = span.steps * channels; left > 0;) {
      const int64_t count = std::min(left, kNoiseValues);
      random.Normals(count, noise.data());
      left -= count;
      for (int64_t i = 0; i < count; ++i) {
        row[channel] += sd * noise[static_cast<std::size_t>(i)];
        if (++channel == channels) {
          channel = 0;
          row += inputs();
        }
      }
    }
  }
}

Matrix Task::Variables(const Trial& trial) const {
  const Member& member = At(trial.task);
  const int64_t T = trial.steps();
  const auto own = static_cast<int64_t>(member.variables.size());
  Matrix values = Matrix::Zero(T, own);
  member.definition->fill_variables(
      {member.spec,
       dt_ms_,
       trial,
       trial.means.block(0, member.first_input, T, member.shape.inputs),
       trial.inputs.block(0, member.first_input, T, member.shape.inputs)},
      values);
  Matrix variables =
      Matrix::Zero(T, static_cast<int64_t>(variable_names_.size()));
  for (int64_t v = 0; v < own; ++v) {
    variables.col(member.variables[static_cast<std::size_t>(v)]) =
        values.col(v);
  }
  return variables;
}

Judgement Task::Judge(const Trial& trial) const {
  const Member& member = At(trial.task);
  if (member.definition->judge == nullptr) {
    return Judgement::AtStep(trial.steps() - 1, trial.targets.back());
  }
  Judgement judgement = member.definition->judge(member.spec, dt_ms_, trial);
  judgement.response += static_cast<int32_t>(member.first_output);
  return judgement;
}

Vector Task::ConstantInput() const {
  MODBOUND_CHECK(tasks() == 1);
  const Member& member = At(0);
  if (member.definition->constant_input != nullptr) {
    return member.definition->constant_input(member.spec);
  }
  return Vector::Unit(inputs(), 0);
}

}  // namespace modbound
