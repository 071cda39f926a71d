#include "core/training/train.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/shards.h"
#include "core/training/training_record.h"
#include "server/analyses/analysis.h"
#include "server/analyses/network_inputs.h"
#include "server/analyses/optimizer_spec.h"
#include "server/analyses/registry.h"
#include "server/analyses/task_spec.h"
#include "server/analyses/train_inputs.h"

namespace modbound {
namespace {

DTypeEnum NetworkDType(const v1::TrainSpec& train) {
  return train.precision() == v1::Precision::FLOAT64 ? v1::DType::FLOAT64
                                                     : v1::DType::FLOAT32;
}

Recipe RecipeOf(const v1::TrainSpec& train) {
  return train.recipe() == v1::Recipe::REFERENCE ? Recipe::kReference
                                                 : Recipe::kDefault;
}

Regularization RegularizationOf(const v1::Regularization& spec) {
  Regularization regularization;
  regularization.l2 = spec.l2();
  regularization.rates.l1 = spec.rate_l1();
  regularization.rates.l2 = spec.rate_l2();
  regularization.connection_cost = spec.connection_cost();
  regularization.spatial_cost = spec.spatial_cost();
  return regularization;
}

// All but the inputs, of a spec whose optimizer is resolved.
absl::StatusOr<TrainOptions> OptionsOf(const v1::TrainSpec& train) {
  TrainOptions options;
  options.units = train.model().hidden_size();
  options.dynamics = DynamicsOf(train.model());
  options.recipe = RecipeOf(train);
  const v1::Optimizer& optimizer = train.optimizer();
  options.optimizer = OptimizerOptionsOf(optimizer);
  options.learning_rate = optimizer.learning_rate();
  options.schedule = ScheduleOf(optimizer);
  if (optimizer.has_clip_norm()) {
    options.clip_norm = optimizer.clip_norm();
  }
  options.regularization = RegularizationOf(train.regularization());
  MODBOUND_ASSIGN_OR_RETURN(options.frozen,
                            NamedArrays("frozen", train.frozen()));
  options.batch_size = train.batch_size();
  options.seq_len = train.seq_len();
  options.max_steps = train.max_steps();
  options.target_accuracy = train.target_accuracy();
  options.eval_every = train.eval_every();
  options.eval_trials = train.eval_trials();
  options.patience = train.patience();
  options.snapshot_every = train.snapshot_every();
  options.seed = train.seed();
  options.precision = PrecisionOf(train.precision());
  options.seconds = [] {
    return std::chrono::duration<double>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  };
  return options;
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

// The six arrays of the network under `prefix`, of which a snapshot is a part.
std::vector<PlannedOutput> SnapshotOutputs(const v1::TrainSpec& train,
                                           int64_t I,
                                           int64_t O) {
  const int64_t N = train.model().hidden_size();
  const int64_t most =
      train.snapshot_every() > 0
          ? SnapshotCount(train.snapshot_every(), train.max_steps())
          : 0;
  std::vector<PlannedOutput> outputs =
      NetworkOutputs("snapshots/", NetworkDType(train), N, I, O);
  for (PlannedOutput& output : outputs) {
    output.shape.insert(output.shape.begin(), -1);
    output.axes.insert(output.axes.begin(), "snapshot");
    output.most_extent = most;
  }
  outputs.push_back(
      {"snapshots/step", v1::DType::INT32, {-1}, {"snapshot"}, most});
  return outputs;
}

// Of the arrays that the networks of an ensemble share.
absl::StatusOr<SharedInitial> SharedInitialOf(const v1::TrainSpec& train) {
  SharedInitial shared;
  shared.seed = ShardSeed(train.seed(), 0);
  MODBOUND_ASSIGN_OR_RETURN(
      shared.arrays, NamedArrays("share_initial", train.share_initial()));
  if (train.share_initial_size() > 0 && train.count() == 1) {
    return Refuse(reason::kContradiction,
                  "share_initial",
                  "share_initial is set and count is 1; allowed: a count of 2 "
                  "or more, whose networks share them");
  }
  return shared;
}

// What is given is nobody's draw.
absl::Status CheckSharedInitial(const v1::TrainSpec& train,
                                const InputInfos& inputs) {
  MODBOUND_RETURN_IF_ERROR(SharedInitialOf(train).status());
  for (const std::string& name : train.share_initial()) {
    if (inputs.count("initial/" + name) > 0) {
      return Refuse(reason::kContradiction,
                    "share_initial",
                    absl::StrCat("share_initial names ",
                                 name,
                                 " and inputs.initial/",
                                 name,
                                 " is given; allowed: one of them"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Plan> PlanTrain(v1::Spec& spec, const InputInfos& inputs) {
  v1::TrainSpec& train = *spec.mutable_train();
  MODBOUND_RETURN_IF_ERROR(CheckSharedInitial(train, inputs));
  MODBOUND_RETURN_IF_ERROR(ResolveOptimizer(
      RecipeOf(train), train.max_steps(), *train.mutable_optimizer()));
  MODBOUND_ASSIGN_OR_RETURN(const TrainOptions options, OptionsOf(train));
  MODBOUND_RETURN_IF_ERROR(
      WithFieldPrefix(options.dynamics.Validate(), "model."));
  MODBOUND_ASSIGN_OR_RETURN(const Task task,
                            ResolveTask(options.dynamics.dt_ms, train));
  MODBOUND_RETURN_IF_ERROR(CheckTrainOptions(task, options));
  MODBOUND_RETURN_IF_ERROR(CheckTrainInputs(train, task, inputs));
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
  plan.outputs.push_back(
      {"accuracy_curve",
       v1::DType::FLOAT64,
       {-1, 2},
       {"evaluation", "step_accuracy"},
       EvaluationCount(options.eval_every, options.max_steps)});
  plan.outputs.push_back({"psychometric",
                          v1::DType::FLOAT64,
                          {PsychometricRows(task), 3},
                          {"condition", "coherence_fraction_trials"}});
  if (options.regularization.any()) {
    plan.outputs.push_back(
        {"penalty", v1::DType::FLOAT64, {-1}, {"step"}, options.max_steps});
  }
  if (options.snapshot_every > 0) {
    for (PlannedOutput& output :
         SnapshotOutputs(train, task.inputs(), task.outputs())) {
      plan.outputs.push_back(std::move(output));
    }
  }
  plan.memory_bytes =
      BytesOf(TrainBytes(task, options) + TrainInputBytes(train, task, inputs));
  return plan;
}

void AddNetwork(const Network& network,
                const std::string& prefix,
                DTypeEnum dtype,
                Outcome& outcome) {
  const std::vector<PlannedOutput> outputs =
      NetworkOutputs(prefix, dtype, 0, 0, 0);
  const auto add = [&](std::size_t k, const Matrix& array) {
    outcome.outputs[outputs[k].name] =
        HostArray::FromMatrix(array, outputs[k].axes, dtype);
  };
  add(0, network.w_in);
  add(1, network.b_in);
  add(2, network.w_rec);
  add(3, network.b_rec);
  add(4, network.w_out);
  add(5, network.b_out);
}

// Takes the snapshots out array by array, so that only one is there twice.
void MoveSnapshots(const v1::TrainSpec& train,
                   const Task& task,
                   Snapshots& snapshots,
                   Outcome& outcome) {
  const auto count = static_cast<int64_t>(snapshots.steps.size());
  std::vector<PlannedOutput> outputs =
      SnapshotOutputs(train, task.inputs(), task.outputs());
  for (std::size_t k = 0; k < kNetworkArrays; ++k) {
    outputs[k].shape[0] = count;
    HostArray array(outputs[k].dtype, outputs[k].shape, outputs[k].axes);
    std::copy_n(reinterpret_cast<const std::byte*>(snapshots.arrays[k].data()),
                snapshots.arrays[k].size(),
                array.mutable_data());
    snapshots.arrays[k] = std::string();
    outcome.outputs[outputs[k].name] = std::move(array);
  }
  const std::vector<int32_t> steps(snapshots.steps.begin(),
                                   snapshots.steps.end());
  outcome.outputs["snapshots/step"] =
      HostArray::FromInts(steps, {count}, {"snapshot"});
}

v1::TrainStop::Reason StopReasonOf(TrainStopReason reason) {
  switch (reason) {
    case TrainStopReason::kTargetReached:
      return v1::TrainStop::TARGET_REACHED;
    case TrainStopReason::kEarlyStop:
      return v1::TrainStop::EARLY_STOP;
    case TrainStopReason::kDiverged:
      return v1::TrainStop::DIVERGED;
    case TrainStopReason::kMaxSteps:
      break;
  }
  return v1::TrainStop::MAX_STEPS;
}

void FillSummary(const TrainResult& result, v1::TrainSummary& summary) {
  summary.set_accuracy(result.accuracy.accuracy.value_or(std::nan("")));
  summary.set_accuracy_all(result.accuracy.accuracy_all.value_or(std::nan("")));
  if (result.accuracy.accuracy_zero.has_value()) {
    summary.set_accuracy_zero(*result.accuracy.accuracy_zero);
  }
  summary.set_steps(result.steps);
  summary.set_stop_reason(StopReasonOf(result.stop_reason));
  summary.set_steps_per_second(result.steps_per_second);
  summary.set_final_loss(result.loss.empty() ? std::nan("")
                                             : result.loss.back());
  summary.set_silent_units(result.silent_units);
  if (!result.penalty.empty()) {
    summary.set_final_penalty(result.penalty.back());
  }
}

HostArray StepCurve(const std::vector<double>& values) {
  return HostArray::FromDoubles(
      values, {static_cast<int64_t>(values.size())}, {"step"});
}

absl::StatusOr<Outcome> TrainOne(const v1::TrainSpec& train,
                                 const TrainOptions& options,
                                 const Execution& execution) {
  MODBOUND_ASSIGN_OR_RETURN(const Task task,
                            TaskOf(train, options.dynamics.dt_ms));
  MODBOUND_ASSIGN_OR_RETURN(TrainResult result,
                            Train(task, options, execution));
  Outcome outcome;
  outcome.failure = result.failure;
  FillSummary(result, *outcome.summary.mutable_train());
  AddNetwork(result.network, "", NetworkDType(train), outcome);
  result.network = Network();  // its doubles give way to what leaves
  AddNetwork(result.initial, "initial/", NetworkDType(train), outcome);
  outcome.outputs["loss"] = StepCurve(result.loss);
  if (options.regularization.any()) {
    outcome.outputs["penalty"] = StepCurve(result.penalty);
  }
  outcome.outputs["accuracy_curve"] = HostArray::FromMatrix(
      result.accuracy_curve, {"evaluation", "step_accuracy"});
  outcome.outputs["psychometric"] = HostArray::FromMatrix(
      result.psychometric, {"condition", "coherence_fraction_trials"});
  if (options.snapshot_every > 0) {
    MoveSnapshots(train, task, result.snapshots, outcome);
  }
  return outcome;
}

absl::StatusOr<Outcome> RunTrain(const v1::Spec& spec,
                                 const InputArrays& inputs,
                                 const Execution& execution) {
  MODBOUND_ASSIGN_OR_RETURN(TrainOptions options, OptionsOf(spec.train()));
  ReadTrainInputs(inputs, options);
  return TrainOne(spec.train(), options, execution);
}

absl::StatusOr<Outcome> RunTrainNetwork(const v1::Spec& spec,
                                        int64_t network,
                                        const InputArrays& inputs,
                                        const Execution& execution) {
  const v1::TrainSpec& train = spec.train();
  MODBOUND_ASSIGN_OR_RETURN(TrainOptions options, OptionsOf(train));
  ReadTrainInputs(inputs, options);
  options.seed = ShardSeed(train.seed(), network);
  MODBOUND_ASSIGN_OR_RETURN(options.shared_initial, SharedInitialOf(train));
  return TrainOne(train, options, execution);
}

int64_t NetworksOf(const v1::Spec& spec) { return spec.train().count(); }
void SetNetworks(int64_t networks, v1::Spec& spec) {
  spec.mutable_train()->set_count(static_cast<int32_t>(networks));
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
      {"penalty",
       {"steps"},
       f8,
       "What the regularization added to the loss of each step; only with "
       "it."},
      {"snapshots/*",
       {},
       f4,
       "The six arrays with the snapshots as first axis, and their steps; only "
       "with snapshot_every."},
  };
}

}  // namespace

Analysis TrainAnalysis() {
  Analysis analysis;
  analysis.kind = "train";
  analysis.inputs = TrainInputRules();
  analysis.outputs = TrainOutputs();
  analysis.example_spec = R"({"task": {"name": "PERCEPTUAL_DECISION_MAKING"}, )"
                          R"("model": {"hidden_size": 100}, "seed": "1"})";
  analysis.plan = PlanTrain;
  analysis.run = RunTrain;
  analysis.networks = NetworksOf;
  analysis.set_networks = SetNetworks;
  analysis.run_network = RunTrainNetwork;
  return analysis;
}

}  // namespace modbound
