#include "core/training/recipe.h"

#include <cmath>

#include "core/base/random.h"

namespace modbound {
namespace {

// Found by training 100 units on perceptual decisions from 20 seeds: all reach
// the target under both recipes, under this one in 190 steps instead of 380 and
// with 9 silent units instead of 44. The positive bias lets rectified units
// start active; smaller steps and clipping keep single batches from switching
// them off for good.
constexpr double kDefaultLearningRate = 0.002;
constexpr double kDefaultClipNorm = 1;
constexpr double kDefaultBias = 0.25;

// Draws the six arrays in their order, each from its own stream.
class UniformArrays {
 public:
  UniformArrays(uint64_t seed, const SharedInitial& shared)
      : seed_(seed), shared_(shared) {}

  Matrix Next(int64_t rows, int64_t cols, int64_t fan_in) {
    const uint64_t seed = shared_.arrays[array_] ? shared_.seed : seed_;
    RandomStream random(seed, RandomPurpose::kInitialWeights, array_++);
    const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
    Matrix values(rows, cols);
    for (int64_t i = 0; i < values.size(); ++i) {
      values.data()[i] = random.Uniform(-bound, bound);
    }
    return values;
  }

 private:
  uint64_t seed_;
  const SharedInitial& shared_;
  std::size_t array_ = 0;
};

}  // namespace

RecipeSettings SettingsOf(Recipe recipe) {
  RecipeSettings settings;
  if (recipe == Recipe::kDefault) {
    settings.learning_rate = kDefaultLearningRate;
    settings.clip_norm = kDefaultClipNorm;
  }
  return settings;
}

Network InitialNetwork(Recipe recipe,
                       int64_t units,
                       int64_t inputs,
                       int64_t outputs,
                       const Dynamics& dynamics,
                       uint64_t seed,
                       const SharedInitial& shared) {
  UniformArrays arrays(seed, shared);
  Network network;
  network.dynamics = dynamics;
  network.w_in = arrays.Next(units, inputs, inputs);
  network.b_in = arrays.Next(units, 1, inputs);
  network.w_rec = arrays.Next(units, units, units);
  network.b_rec = arrays.Next(units, 1, units);
  network.w_out = arrays.Next(outputs, units, units);
  network.b_out = arrays.Next(outputs, 1, units);
  if (recipe == Recipe::kDefault) {
    network.b_in.setZero();
    network.b_rec.setConstant(kDefaultBias);
  }
  return network;
}

}  // namespace modbound
