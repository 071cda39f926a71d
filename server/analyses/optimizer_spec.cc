#include "server/analyses/optimizer_spec.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/training/train_options.h"
#include "google/protobuf/text_format.h"

namespace modbound {
namespace {

using Schedule = v1::LearningRateSchedule;

OptimizerName OptimizerNameOf(const v1::Optimizer& optimizer) {
  switch (optimizer.name()) {
    case v1::Optimizer::ADAMW:
      return OptimizerName::kAdamW;
    case v1::Optimizer::SGD:
      return OptimizerName::kSgd;
    default:
      return OptimizerName::kAdam;
  }
}

// Refuses those of `fields` that are set in `message`; `owner` has none of
// them.
absl::Status RefuseSet(const google::protobuf::Message& message,
                       const std::string& path,
                       const std::string& owner,
                       const std::vector<const char*>& fields) {
  for (const char* name : fields) {
    const auto* field = message.GetDescriptor()->FindFieldByName(name);
    if (!message.GetReflection()->HasField(message, field)) {
      continue;
    }
    std::string value;
    google::protobuf::TextFormat::PrintFieldValueToString(
        message, field, -1, &value);
    return Refuse(reason::kOutOfRange,
                  path + name,
                  absl::StrCat(path,
                               name,
                               " is ",
                               value,
                               "; ",
                               owner,
                               " has no such field: leave it unset"));
  }
  return absl::OkStatus();
}

void FillAdam(v1::Optimizer& optimizer) {
  const OptimizerOptions defaults;
  if (!optimizer.has_beta1()) {
    optimizer.set_beta1(defaults.beta1);
  }
  if (!optimizer.has_beta2()) {
    optimizer.set_beta2(defaults.beta2);
  }
  if (!optimizer.has_epsilon()) {
    optimizer.set_epsilon(defaults.epsilon);
  }
  if (optimizer.name() == v1::Optimizer::ADAMW &&
      !optimizer.has_weight_decay()) {
    optimizer.set_weight_decay(defaults.weight_decay);
  }
}

absl::Status FillSgd(v1::Optimizer& optimizer) {
  const OptimizerOptions defaults;
  if (!optimizer.has_momentum()) {
    optimizer.set_momentum(defaults.momentum);
  }
  if (!optimizer.has_nesterov()) {
    optimizer.set_nesterov(defaults.nesterov);
  }
  return optimizer.nesterov() && optimizer.momentum() == 0
             ? Refuse(reason::kContradiction,
                      "optimizer.nesterov",
                      "optimizer.nesterov is true and optimizer.momentum is 0; "
                      "it needs momentum")
             : absl::OkStatus();
}

absl::Status ResolveSchedule(int64_t max_steps, Schedule& schedule) {
  const std::string path = "optimizer.schedule.";
  if (schedule.shape() == Schedule::CONSTANT) {
    return RefuseSet(schedule, path, "CONSTANT", {"decay_steps", "factor"});
  }
  const bool is_cosine = schedule.shape() == Schedule::COSINE;
  const LearningRateSchedule defaults;
  if (!schedule.has_decay_steps()) {
    schedule.set_decay_steps(static_cast<int32_t>(
        is_cosine ? std::max<int64_t>(max_steps - schedule.warmup_steps(), 1)
                  : defaults.decay_steps));
  }
  if (!schedule.has_factor()) {
    schedule.set_factor(is_cosine ? 0 : defaults.factor);
  }
  return !is_cosine && schedule.factor() == 0
             ? Refuse(reason::kOutOfRange,
                      path + "factor",
                      absl::StrCat(path,
                                   "factor is 0; allowed for ",
                                   Schedule::Shape_Name(schedule.shape()),
                                   ": > 0, <= 1"))
             : absl::OkStatus();
}

}  // namespace

absl::Status ResolveOptimizer(Recipe recipe,
                              int64_t max_steps,
                              v1::Optimizer& optimizer) {
  const std::string name = v1::Optimizer::Name_Name(optimizer.name());
  std::vector<const char*> foreign = {"momentum", "nesterov"};
  if (optimizer.name() == v1::Optimizer::SGD) {
    foreign = {"beta1", "beta2", "epsilon", "weight_decay"};
  } else if (optimizer.name() == v1::Optimizer::ADAM) {
    foreign.push_back("weight_decay");
  }
  MODBOUND_RETURN_IF_ERROR(RefuseSet(optimizer, "optimizer.", name, foreign));
  if (optimizer.name() == v1::Optimizer::SGD) {
    MODBOUND_RETURN_IF_ERROR(FillSgd(optimizer));
  } else {
    FillAdam(optimizer);
  }
  if (!optimizer.has_learning_rate()) {
    optimizer.set_learning_rate(
        DefaultLearningRate(OptimizerNameOf(optimizer), recipe));
  }
  const double clip_norm = SettingsOf(recipe).clip_norm;
  if (!optimizer.has_clip_norm() && std::isfinite(clip_norm)) {
    optimizer.set_clip_norm(clip_norm);
  }
  return optimizer.has_schedule()
             ? ResolveSchedule(max_steps, *optimizer.mutable_schedule())
             : absl::OkStatus();
}

OptimizerOptions OptimizerOptionsOf(const v1::Optimizer& optimizer) {
  OptimizerOptions options;
  options.name = OptimizerNameOf(optimizer);
  options.beta1 = optimizer.beta1();
  options.beta2 = optimizer.beta2();
  options.epsilon = optimizer.epsilon();
  options.weight_decay = optimizer.weight_decay();
  options.momentum = optimizer.momentum();
  options.nesterov = optimizer.nesterov();
  return options;
}

LearningRateSchedule ScheduleOf(const v1::Optimizer& optimizer) {
  LearningRateSchedule options;
  if (!optimizer.has_schedule()) {
    return options;
  }
  const Schedule& schedule = optimizer.schedule();
  options.warmup_steps = schedule.warmup_steps();
  using Shape = LearningRateSchedule::Shape;
  switch (schedule.shape()) {
    case Schedule::STEP:
      options.shape = Shape::kStep;
      break;
    case Schedule::EXPONENTIAL:
      options.shape = Shape::kExponential;
      break;
    case Schedule::COSINE:
      options.shape = Shape::kCosine;
      break;
    default:
      return options;
  }
  options.decay_steps = schedule.decay_steps();
  options.factor = schedule.factor();
  return options;
}

Precision PrecisionOf(v1::Precision::Format format) {
  return format == v1::Precision::FLOAT64 ? Precision::kFloat64
                                          : Precision::kFloat32;
}

}  // namespace modbound
