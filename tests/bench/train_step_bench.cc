// One training step by itself: batch 16, 100 steps, relu, alpha 1, perceptual
// decision-making. Arguments: units. GFLOP/s of the recurrent products alone
// (forward, backward, weight gradient); trials: share of the step that draws
// them, which is to be at most 0.05. train_bench.py has the peers.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>

#include "core/tasks/task.h"
#include "core/training/backprop.h"
#include "core/training/optimizer.h"
#include "core/training/recipe.h"
#include "core/training/streams.h"

namespace modbound {
namespace {

constexpr int64_t kStreams = 16;
constexpr int64_t kSteps = 100;

TaskSpec PerceptualDecisions() {
  TaskSpec spec;
  spec.name = "PERCEPTUAL_DECISION_MAKING";
  spec.fixation_ms = 100;
  spec.stimulus_ms = 2000;
  spec.decision_ms = 100;
  spec.sigma = 1;
  spec.coherences = {0, 6.4, 12.8, 25.6, 51.2};
  return spec;
}

double Now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Seconds that the trials of a step take.
template <typename Scalar>
double SecondsOfTrials(TrainingStreams& streams, Batch<Scalar>& batch) {
  constexpr int64_t kFills = 1000;
  const Execution execution;
  const double begin = Now();
  for (int64_t chunk = 0; chunk < kFills; ++chunk) {
    streams.Fill(chunk, execution, batch).IgnoreError();
    benchmark::DoNotOptimize(batch.inputs.data());
  }
  return (Now() - begin) / kFills;
}

template <typename Scalar>
void TrainSteps(benchmark::State& state, const Task& task, int64_t units) {
  Dynamics dynamics;
  Parameters<Scalar> parameters(InitialNetwork(
      Recipe::kDefault, units, task.inputs(), task.outputs(), dynamics, 1));
  Parameters<Scalar> gradient(units, task.inputs(), task.outputs());
  Backprop<Scalar> backprop(
      dynamics, units, task.inputs(), task.outputs(), kSteps, kStreams);
  TrainingStreams streams(task, kStreams, kSteps, 1);
  Batch<Scalar> batch;
  const auto optimizer =
      MakeOptimizer<Scalar>({}, parameters.size(), {{0, parameters.size()}});
  const Execution execution;
  int64_t chunk = 0;
  const double begin = Now();
  for (auto _ : state) {
    streams.Fill(chunk++, execution, batch).IgnoreError();
    benchmark::DoNotOptimize(
        backprop.Run(parameters, batch, gradient, execution));
    optimizer->Step(0.01, gradient.values(), parameters.values());
  }
  const double step_seconds =
      (Now() - begin) / static_cast<double>(state.iterations());
  state.counters["trials"] = SecondsOfTrials(streams, batch) / step_seconds;
  const double flops = 3.0 * 2.0 * static_cast<double>(units * units) *
                       static_cast<double>(kStreams * kSteps);
  state.counters["GFLOP/s"] = benchmark::Counter(
      flops * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

template <typename Scalar>
void TrainStep(benchmark::State& state) {
  TrainSteps<Scalar>(
      state, *Task::Make(PerceptualDecisions(), 100), state.range(0));
}

// Task number i of the registry at dt 80, or all of them as one.
Task TaskNumber(int64_t i) {
  const std::vector<std::string> names = TaskNames();
  std::vector<Task> tasks;
  for (std::size_t k = 0; k < names.size(); ++k) {
    if (i == static_cast<int64_t>(k) ||
        i == static_cast<int64_t>(names.size())) {
      tasks.push_back(*Task::Make(*DefaultTaskSpec(names[k]), 80));
    }
  }
  return Task::Combine(tasks);
}

// The step of every task.
void TrainStepOfTask(benchmark::State& state) {
  const Task task = TaskNumber(state.range(0));
  state.SetLabel(task.tasks() == 1 ? task.name() : "all tasks");
  TrainSteps<float>(state, task, state.range(1));
}

BENCHMARK(TrainStep<float>)->Arg(64)->Arg(100)->Arg(256);
BENCHMARK(TrainStep<double>)->Arg(64)->Arg(100)->Arg(256);
BENCHMARK(TrainStepOfTask)
    ->ArgsProduct({benchmark::CreateDenseRange(0, 12, 1), {64, 100}});

}  // namespace
}  // namespace modbound

BENCHMARK_MAIN();
