// What TrainBytes says against what Train takes.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "core/base/checkpoint.h"
#include "core/training/short_training.h"
#include "core/training/train.h"
#include "gtest/gtest.h"
#include "support/counted_heap.h"

namespace modbound {
namespace {

TEST(TrainBytes, AreNearWhatSequenceAndWeightsNeed) {
  for (const OptimizerName name :
       {OptimizerName::kAdam, OptimizerName::kAdamW, OptimizerName::kSgd}) {
    for (const Precision precision :
         {Precision::kFloat32, Precision::kFloat64}) {
      for (const int64_t units : {64, 100, 256, 1024, 2048}) {
        TrainOptions options;
        options.optimizer.name = name;
        options.precision = precision;
        options.units = units;
        const double need = TrainStepBytes(PerceptualTask(), options);
        EXPECT_LE(TrainBytes(PerceptualTask(), options), 1.2 * need) << units;
      }
    }
  }
}

TEST(TrainBytes, CountSnapshots) {
  TrainOptions options;
  options.units = 1024;
  options.max_steps = 1000;
  const double without = TrainBytes(PerceptualTask(), options);
  options.snapshot_every = 10;
  // 101 of them, as floats.
  EXPECT_GT(TrainBytes(PerceptualTask(), options),
            without + 101.0 * 4 * 1024 * 1024);
}

#ifdef MODBOUND_COUNTED_HEAP

// Takes an offer at every step and keeps none but one, when it is asked to.
class OneState : public Checkpoint {
 public:
  void KeepStep(int64_t step) { kept_step_ = step; }

  std::string Last(const std::string& /*name*/) override { return state_; }
  bool Due() override { return true; }
  void Offer(const std::string& /*name*/,
             int64_t done,
             std::string state) override {
    if (done == kept_step_) {
      state_ = std::move(state);
    }
  }
  void Keep(const std::string& /*name*/, std::string /*state*/) override {}
  void Drop(const std::string& /*prefix*/) override {}
  int64_t max_bytes() const override { return int64_t{1} << 30; }

 private:
  int64_t kept_step_ = 0;
  std::string state_;
};

// The most that one Train holds at a time.
double PeakOfTrain(const Task& task,
                   const TrainOptions& options,
                   Checkpoint* checkpoint) {
  Execution execution;
  execution.checkpoint = checkpoint;
  const int64_t before = live_bytes.load();
  RestartPeak();
  const auto result = Train(task, options, execution);
  EXPECT_TRUE(result.ok()) << result.status();
  return static_cast<double>(peak_bytes.load() - before);
}

// Without checkpoints; with one after each step; and from one of step 3 on.
std::array<double, 3> PeaksOfTrain(const Task& task,
                                   const TrainOptions& options) {
  OneState checkpoint;
  std::array<double, 3> peaks{};
  peaks[0] = PeakOfTrain(task, options, nullptr);
  peaks[1] = PeakOfTrain(task, options, &checkpoint);
  checkpoint.KeepStep(3);
  PeakOfTrain(task, options, &checkpoint);
  EXPECT_FALSE(checkpoint.Last("").empty());
  peaks[2] = PeakOfTrain(task, options, &checkpoint);
  return peaks;
}

TEST(TrainBytes, AreThoseThatTrainTakes) {
  const Task task = PerceptualTask();
  TrainOptions options;
  options.max_steps = 4;
  options.eval_every = 2;
  options.eval_trials = 100;
  for (const int64_t units : {64, 512}) {
    for (const double spatial_cost : {0.0, 1e-4}) {
      for (const int64_t snapshot_every : {0, 1}) {
        for (const Precision precision :
             {Precision::kFloat32, Precision::kFloat64}) {
          options.units = units;
          options.regularization.spatial_cost = spatial_cost;
          options.snapshot_every = snapshot_every;
          options.precision = precision;
          const double bytes = TrainBytes(task, options);
          const std::array<double, 3> peaks = PeaksOfTrain(task, options);
          const double peak = *std::max_element(peaks.begin(), peaks.end());
          EXPECT_LE(peak, 1.05 * bytes) << units << " units";
          EXPECT_LE(bytes, 1.3 * peak) << units << " units";
        }
      }
    }
  }
}

#endif

}  // namespace
}  // namespace modbound
