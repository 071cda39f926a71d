#include "core/training/recipe.h"

#include "core/training/train.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

Network ReferenceNetwork(uint64_t seed, const SharedInitial& shared) {
  return InitialNetwork(Recipe::kReference, 9, 3, 2, {}, seed, shared);
}

// One array at a time is that of the other seed; the rest stay as they are.
TEST(SharedInitial, TakesEachNamedArrayFromTheOtherSeed) {
  const Network own = ReferenceNetwork(1, {});
  const Network other = ReferenceNetwork(2, {});
  const auto arrays = [](const Network& network) {
    return std::vector<Matrix>{network.w_in,
                               network.b_in,
                               network.w_rec,
                               network.b_rec,
                               network.w_out,
                               network.b_out};
  };
  for (std::size_t shared = 0; shared < 6; ++shared) {
    SharedInitial from_other;
    from_other.seed = 2;
    from_other.arrays[shared] = true;
    const Network network = ReferenceNetwork(1, from_other);
    for (std::size_t k = 0; k < 6; ++k) {
      EXPECT_EQ(arrays(network)[k], arrays(k == shared ? other : own)[k])
          << shared << " " << k;
    }
  }
}

TEST(SharedInitial, IsWhatTrainingStartsFrom) {
  const Task task = *Task::Make(*DefaultTaskSpec("GO_NOGO"), 100);
  TrainOptions options;
  options.units = 9;
  options.precision = Precision::kFloat64;
  options.recipe = Recipe::kReference;
  options.max_steps = 1;
  options.eval_trials = 10;
  options.seed = 1;
  options.shared_initial.seed = 2;
  options.shared_initial.arrays[2] = true;
  const auto result = Train(task, options, {});
  ASSERT_TRUE(result.ok()) << result.status();
  const auto initial = [&](uint64_t seed) {
    return InitialNetwork(
        Recipe::kReference, 9, task.inputs(), task.outputs(), {}, seed);
  };
  EXPECT_EQ(result->initial.w_rec, initial(2).w_rec);
  EXPECT_EQ(result->initial.w_in, initial(1).w_in);
}

}  // namespace
}  // namespace modbound
