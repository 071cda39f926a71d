#include "core/training/train.h"

#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "server/analyses/analysis.h"
#include "server/analyses/network_inputs.h"
#include "server/analyses/registry.h"
#include "server/analyses/task_spec.h"

namespace modbound {
namespace {

DTypeEnum NetworkDType(const v1::TrainSpec& train) {
  return train.precision() == v1::Precision::FLOAT64 ? v1::DType::FLOAT64
                                                     : v1::DType::FLOAT32;
}

TrainOptions OptionsOf(const v1::TrainSpec& train) {
  TrainOptions options;
  options.units = train.model().hidden_size();
  options.dynamics = DynamicsOf(train.model());
  options.recipe = train.recipe() == v1::Recipe::REFERENCE ? Recipe::kReference
                                                           : Recipe::kDefault;
  const v1::Optimizer& optimizer = train.optimizer();
  if (optimizer.has_learning_rate()) {
    options.learning_rate = optimizer.learning_rate();
  }
  if (optimizer.has_clip_norm()) {
    options.clip_norm = optimizer.clip_norm();
  }
  options.beta1 = optimizer.beta1();
  options.beta2 = optimizer.beta2();
  options.epsilon = optimizer.epsilon();
  options.batch_size = train.batch_size();
  options.seq_len = train.seq_len();
  options.max_steps = train.max_steps();
  options.target_accuracy = train.target_accuracy();
  options.eval_every = train.eval_every();
  options.eval_trials = train.eval_trials();
  options.seed = train.seed();
  options.precision = train.precision() == v1::Precision::FLOAT64
                          ? Precision::kFloat64
                          : Precision::kFloat32;
  options.seconds = [] {
    return std::chrono::duration<double>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  };
  return options;
}

// What the recipe decides, written into the spec so that a job shows it.
void FillRecipe(v1::TrainSpec& train) {
  const RecipeSettings settings = SettingsOf(OptionsOf(train).recipe);
  v1::Optimizer& optimizer = *train.mutable_optimizer();
  if (!optimizer.has_learning_rate()) {
    optimizer.set_learning_rate(settings.learning_rate);
  }
  if (!optimizer.has_clip_norm() && std::isfinite(settings.clip_norm)) {
    optimizer.set_clip_norm(settings.clip_norm);
  }
}

std::vector<PlannedOutput> NetworkOutputs(const std::string& prefix,
                                          DTypeEnum dtype,
                                          int64_t N,
                                          int64_t I,
                                          int64_t O) {
  return {
      {prefix + "w_in", dtype, {N, I}, {"unit", "channel"}},
      {prefix + "b_in", dtype, {N}, {"unit"}},
      {prefix + "w_rec", dtype, {N, N}, {"unit", "source"}},
      {prefix + "b_rec", dtype, {N}, {"unit"}},
      {prefix + "w_out", dtype, {O, N}, {"output", "unit"}},
      {prefix + "b_out", dtype, {O}, {"output"}},
  };
}

absl::StatusOr<Plan> PlanTrain(v1::Spec& spec, const InputInfos& /*inputs*/) {
  v1::TrainSpec& train = *spec.mutable_train();
  FillRecipe(train);
  const TrainOptions options = OptionsOf(train);
  MODBOUND_RETURN_IF_ERROR(
      WithFieldPrefix(options.dynamics.Validate(), "model."));
  MODBOUND_ASSIGN_OR_RETURN(const Task task,
                            ResolveTask(options.dynamics.dt_ms, train));
  MODBOUND_RETURN_IF_ERROR(CheckTrainable(task));
  Plan plan;
  for (const char* prefix : {"", "initial/"}) {
    for (PlannedOutput& output : NetworkOutputs(prefix,
                                                NetworkDType(train),
                                                options.units,
                                                task.inputs(),
                                                task.outputs())) {
      plan.outputs.push_back(std::move(output));
    }
  }
  plan.outputs.push_back(
      {"loss", v1::DType::FLOAT64, {-1}, {"step"}, options.max_steps});
  plan.outputs.push_back({"accuracy_curve",
                          v1::DType::FLOAT64,
                          {-1, 2},
                          {"evaluation", "step_accuracy"},
                          (options.max_steps - 1) / options.eval_every + 1});
  plan.outputs.push_back({"psychometric",
                          v1::DType::FLOAT64,
                          {PsychometricRows(task), 3},
                          {"condition", "coherence_fraction_trials"}});
  plan.memory_bytes = BytesOf(TrainBytes(task, options));
  return plan;
}

void AddNetwork(const Network& network,
                const std::string& prefix,
                DTypeEnum dtype,
                Outcome& outcome) {
  // In the order of NetworkOutputs.
  const Matrix arrays[] = {network.w_in,
                           network.b_in,
                           network.w_rec,
                           network.b_rec,
                           network.w_out,
                           network.b_out};
  const std::vector<PlannedOutput> outputs =
      NetworkOutputs(prefix, dtype, 0, 0, 0);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    outcome.outputs[outputs[i].name] =
        HostArray::FromMatrix(arrays[i], outputs[i].axes, dtype);
  }
}

void FillSummary(const TrainResult& result, v1::TrainSummary& summary) {
  summary.set_accuracy(result.accuracy.accuracy.value_or(std::nan("")));
  summary.set_accuracy_all(result.accuracy.accuracy_all.value_or(std::nan("")));
  if (result.accuracy.accuracy_zero.has_value()) {
    summary.set_accuracy_zero(*result.accuracy.accuracy_zero);
  }
  summary.set_steps(result.steps);
  summary.set_stop_reason(result.stop_reason == TrainStopReason::kTargetReached
                              ? v1::TrainStop::TARGET_REACHED
                              : v1::TrainStop::MAX_STEPS);
  summary.set_steps_per_second(result.steps_per_second);
  summary.set_final_loss(result.loss.back());
  summary.set_silent_units(result.silent_units);
}

absl::StatusOr<Outcome> RunTrain(const v1::Spec& spec,
                                 const InputArrays& /*inputs*/,
                                 const Execution& execution) {
  const v1::TrainSpec& train = spec.train();
  const TrainOptions options = OptionsOf(train);
  MODBOUND_ASSIGN_OR_RETURN(const Task task,
                            TaskOf(train, options.dynamics.dt_ms));
  MODBOUND_ASSIGN_OR_RETURN(const TrainResult result,
                            Train(task, options, execution));
  Outcome outcome;
  FillSummary(result, *outcome.summary.mutable_train());
  AddNetwork(result.network, "", NetworkDType(train), outcome);
  AddNetwork(result.initial, "initial/", NetworkDType(train), outcome);
  outcome.outputs["loss"] = HostArray::FromDoubles(
      result.loss, {static_cast<int64_t>(result.loss.size())}, {"step"});
  outcome.outputs["accuracy_curve"] = HostArray::FromMatrix(
      result.accuracy_curve, {"evaluation", "step_accuracy"});
  outcome.outputs["psychometric"] = HostArray::FromMatrix(
      result.psychometric, {"condition", "coherence_fraction_trials"});
  return outcome;
}

std::vector<OutputRule> TrainOutputs() {
  const DTypeEnum f4 = v1::DType::FLOAT32;
  const DTypeEnum f8 = v1::DType::FLOAT64;
  return {
      {"w_in", {"N", "I"}, f4, "Input weights [unit, channel]."},
      {"b_in", {"N"}, f4, "Bias of the input projection."},
      {"w_rec", {"N", "N"}, f4, "Recurrent weights [target, source]."},
      {"b_rec", {"N"}, f4, "Bias of the recurrent projection."},
      {"w_out", {"O", "N"}, f4, "Readout weights [output, unit]."},
      {"b_out", {"O"}, f4, "Readout bias."},
      {"initial/*", {}, f4, "The six arrays before the first step."},
      {"loss", {"steps"}, f8, "Loss of each step before its update, nats."},
      {"accuracy_curve", {"evaluations", "2"}, f8, "Step, accuracy."},
      {"psychometric",
       {"conditions", "3"},
       f8,
       "Signed coherence (+ for stimulus 1), fraction of choice 1 (NaN "
       "without trials), trials; rows only of tasks with coherences and two "
       "choices."},
  };
}

}  // namespace

Analysis TrainAnalysis() {
  Analysis analysis;
  analysis.kind = "train";
  analysis.outputs = TrainOutputs();
  analysis.example_spec = R"({"task": {"name": "PERCEPTUAL_DECISION_MAKING"}, )"
                          R"("model": {"hidden_size": 100}, "seed": "1"})";
  analysis.plan = PlanTrain;
  analysis.run = RunTrain;
  return analysis;
}

}  // namespace modbound
