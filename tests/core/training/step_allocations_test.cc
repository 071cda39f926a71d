// A training step takes no memory once its buffers are there.
#include <cstdlib>

#include "core/tasks/task.h"
#include "core/training/clip_norm.h"
#include "core/training/objective.h"
#include "core/training/optimizer.h"
#include "core/training/recipe.h"
#include "core/training/streams.h"
#include "gtest/gtest.h"
#include "support/counted_heap.h"

#ifdef MODBOUND_COUNTED_HEAP

namespace modbound {
namespace {

TaskSpec ShortDecisions() {
  TaskSpec spec;
  spec.name = "PERCEPTUAL_DECISION_MAKING";
  spec.stimulus_ms = 500;
  spec.decision_ms = 100;
  spec.sigma = 1;
  spec.coherences = {0, 50};
  return spec;
}

struct StepOptions {
  OptimizerOptions optimizer;
  Regularization regularization;
  NetworkArrays masks;
  ArraySet frozen{};
};

template <typename Scalar>
int AllocationsOfSteps(const Dynamics& dynamics,
                       int64_t units,
                       const Task& task,
                       const StepOptions& options = {}) {
  constexpr int64_t kStreams = 5;
  constexpr int64_t kSteps = 13;
  Parameters<Scalar> parameters(InitialNetwork(
      Recipe::kDefault, units, task.inputs(), task.outputs(), dynamics, 1));
  Parameters<Scalar> gradient(units, task.inputs(), task.outputs());
  const Trainable<Scalar> trainable(options.masks, options.frozen, parameters);
  Objective<Scalar> objective(
      Backprop<Scalar>(dynamics,
                       units,
                       task.inputs(),
                       task.outputs(),
                       kSteps,
                       kStreams,
                       options.regularization.rates),
      WeightPenalty<Scalar>(options.regularization, units),
      trainable);
  TrainingStreams streams(task, kStreams, kSteps, 1);
  Batch<Scalar> batch;
  const auto optimizer = MakeOptimizer<Scalar>(
      options.optimizer, parameters.size(), trainable.spans());
  const Execution execution;
  int before = 0;
  for (int64_t step = 0; step < 20; ++step) {
    if (step == 2) {
      before = allocations;
    }
    if (step == 10) {
      // As for an evaluation, which is none of the step's.
      const int outside = allocations;
      objective.ReleaseBuffers();
      objective.MakeBuffers();
      EXPECT_GT(allocations, outside);
      before += allocations - outside;
    }
    EXPECT_TRUE(streams.Fill(step, execution, batch).ok());
    EXPECT_TRUE(objective.Run(parameters, batch, gradient, execution).ok());
    ClipNorm<Scalar>(.1, gradient.values());
    optimizer->Step(0.01, gradient.values(), parameters.values());
  }
  return allocations - before;
}

TEST(TrainingStep, AllocatesNothing) {
  // The count counts.
  const int before = allocations;
  void* volatile taken = std::malloc(1);
  std::free(taken);
  EXPECT_EQ(allocations, before + 1);
  for (const Update update : {Update::kLeakOutside, Update::kLeakInside}) {
    for (const Activation activation : {Activation::kRelu,
                                        Activation::kTanh,
                                        Activation::kSigmoid,
                                        Activation::kSoftplus,
                                        Activation::kLinear}) {
      Dynamics dynamics;
      dynamics.update = update;
      dynamics.activation = activation;
      dynamics.tau_ms = 200;
      const Task task = *Task::Make(ShortDecisions(), dynamics.dt_ms);
      for (const int64_t units : {3, 64, 129}) {
        EXPECT_EQ(AllocationsOfSteps<float>(dynamics, units, task), 0) << units;
        EXPECT_EQ(AllocationsOfSteps<double>(dynamics, units, task), 0)
            << units;
      }
    }
  }
}

TEST(TrainingStep, AllocatesNothingWithEveryOption) {
  const Task task = *Task::Make(ShortDecisions(), Dynamics().dt_ms);
  for (const OptimizerName name :
       {OptimizerName::kAdam, OptimizerName::kAdamW, OptimizerName::kSgd}) {
    for (const bool nesterov : {false, true}) {
      for (const int64_t units : {3, 64}) {
        StepOptions options;
        options.optimizer.name = name;
        options.optimizer.nesterov = nesterov;
        options.regularization.l2 = 1e-3;
        options.regularization.rates = {1e-3, 1e-2};
        options.regularization.connection_cost = 1e-4;
        for (const double spatial_cost : {0.0, 1e-4}) {
          options.regularization.spatial_cost = spatial_cost;
          options.masks[2] = Matrix::Identity(units, units);
          options.frozen[0] = true;
          EXPECT_EQ(AllocationsOfSteps<float>({}, units, task, options), 0);
          EXPECT_EQ(AllocationsOfSteps<double>({}, units, task, options), 0);
        }
      }
    }
  }
}

// Lengths of trials differ within most tasks, and all of them among these.
TEST(TrainingStep, AllocatesNothingForAnyTask) {
  Dynamics dynamics;
  dynamics.dt_ms = 80;
  std::vector<Task> tasks;
  for (const std::string& name : TaskNames()) {
    tasks.push_back(*Task::Make(*DefaultTaskSpec(name), dynamics.dt_ms));
    EXPECT_EQ(AllocationsOfSteps<float>(dynamics, 3, tasks.back()), 0) << name;
  }
  EXPECT_EQ(AllocationsOfSteps<float>(dynamics, 3, Task::Combine(tasks)), 0);
}

// The gradient of the weights of more inputs than units is the widest.
TEST(TrainingStep, AllocatesNothingForManyInputs) {
  const Task task =
      *Task::Make(*DefaultTaskSpec("MULTI_SENSORY_INTEGRATION"), 80);
  ASSERT_GT(task.inputs(), 2);
  EXPECT_EQ(AllocationsOfSteps<float>({}, 2, task), 0);
  EXPECT_EQ(AllocationsOfSteps<double>({}, 2, task), 0);
}

}  // namespace
}  // namespace modbound

#endif
