#include "core/training/objective.h"

#include <cmath>

#include "core/base/random.h"
#include "core/training/recipe.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

constexpr int64_t kNetUnits = 6;
constexpr int64_t kNetInputs = 3;
constexpr int64_t kNetOutputs = 3;
constexpr int64_t kChunkSteps = 7;
constexpr int64_t kChunkStreams = 3;

enum class Term { kNone, kL2, kRateL1, kRateL2, kConnections, kSpace, kAll };

Regularization RegularizationOf(Term term) {
  Regularization regularization;
  const bool all = term == Term::kAll;
  if (all || term == Term::kL2) {
    regularization.l2 = 0.1;
  }
  if (all || term == Term::kRateL1) {
    regularization.rates.l1 = 0.3;
  }
  if (all || term == Term::kRateL2) {
    regularization.rates.l2 = 0.7;
  }
  if (all || term == Term::kConnections) {
    regularization.connection_cost = 0.02;
  }
  if (all || term == Term::kSpace) {
    regularization.spatial_cost = 0.01;
  }
  return regularization;
}

Batch<double> RandomSequences() {
  RandomStream random(11, RandomPurpose::kTrainingTrials, 0);
  Batch<double> batch;
  batch.inputs.resize(kNetInputs, kChunkSteps * kChunkStreams);
  for (int64_t i = 0; i < batch.inputs.size(); ++i) {
    batch.inputs.data()[i] = random.Normal();
  }
  for (int64_t i = 0; i < kChunkSteps * kChunkStreams; ++i) {
    batch.targets.push_back(static_cast<int32_t>(random.Index(kNetOutputs)));
    batch.weights.push_back(random.Uniform());
  }
  return batch;
}

// A third of the weights of each array at 0.
NetworkArrays SomeMasks() {
  NetworkArrays masks;
  const auto shapes = NetworkArrayShapes(kNetUnits, kNetInputs, kNetOutputs);
  for (const std::size_t k : {0, 2, 4}) {
    masks[k] = Matrix::Ones(shapes[k][0], shapes[k][1]);
    for (int64_t i = 0; i < masks[k].size(); i += 3) {
      masks[k].data()[i] = 0;
    }
  }
  return masks;
}

ArraySet SomeFrozen() {
  ArraySet frozen{};
  frozen[0] = frozen[3] = true;  // w_in, b_rec
  return frozen;
}

class FiniteDifferenceOfObjective
    : public testing::TestWithParam<
          std::tuple<Activation, Update, Term, bool, bool>> {};

TEST_P(FiniteDifferenceOfObjective, IsTheGradientWhereItMayChange) {
  Dynamics dynamics;
  const auto [activation, update, term, is_masked, is_frozen] = GetParam();
  dynamics.activation = activation;
  dynamics.update = update;
  dynamics.dt_ms = 30;  // alpha = 0.3
  const NetworkArrays masks = is_masked ? SomeMasks() : NetworkArrays();
  const ArraySet frozen = is_frozen ? SomeFrozen() : ArraySet();
  Parameters<double> parameters(InitialNetwork(
      Recipe::kReference, kNetUnits, kNetInputs, kNetOutputs, dynamics, 5));
  const Regularization regularization = RegularizationOf(term);
  const Trainable<double> trainable(masks, frozen, parameters);
  trainable.Mask(parameters);
  Objective<double> objective(Backprop<double>(dynamics,
                                               kNetUnits,
                                               kNetInputs,
                                               kNetOutputs,
                                               kChunkSteps,
                                               kChunkStreams,
                                               regularization.rates),
                              WeightPenalty<double>(regularization, kNetUnits),
                              trainable);
  const Batch<double> batch = RandomSequences();
  Parameters<double> gradient(kNetUnits, kNetInputs, kNetOutputs);
  Parameters<double> unused(kNetUnits, kNetInputs, kNetOutputs);
  const auto value = objective.Run(parameters, batch, gradient, {});
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value->penalty > 0, term != Term::kNone);
  const auto total = [&] {
    const ObjectiveValue now = *objective.Run(parameters, batch, unused, {});
    return now.loss + now.penalty;
  };
  // Central difference, h = 1e-6: truncation h^2 |f'''| and rounding eps / h
  // are both below 1e-9.
  const double h = 1e-6;
  int64_t checked = 0;
  for (std::size_t k = 0; k < kNetworkArrays; ++k) {
    for (int64_t i = 0; i < parameters.array(k).size(); ++i) {
      const int64_t row = i % parameters.array(k).rows();
      const int64_t column = i / parameters.array(k).rows();
      const bool is_zero = masks[k].size() > 0 && masks[k](row, column) == 0;
      const double slope = gradient.array(k)(row, column);
      if (frozen[k] || is_zero) {
        EXPECT_EQ(slope, 0) << kNetworkArrayNames[k] << " " << i;
        continue;
      }
      double& number = parameters.array(k).data()[i];
      const double before = number;
      number = before + h;
      const double above = total();
      number = before - h;
      const double below = total();
      number = before;
      EXPECT_NEAR(slope, (above - below) / (2 * h), 2e-9)
          << kNetworkArrayNames[k] << " " << i;
      ++checked;
    }
  }
  EXPECT_GT(checked, 20);
}

INSTANTIATE_TEST_SUITE_P(All,
                         FiniteDifferenceOfObjective,
                         testing::Combine(testing::Values(Activation::kRelu,
                                                          Activation::kTanh,
                                                          Activation::kSigmoid,
                                                          Activation::kSoftplus,
                                                          Activation::kLinear),
                                          testing::Values(Update::kLeakOutside,
                                                          Update::kLeakInside),
                                          testing::Values(Term::kNone,
                                                          Term::kL2,
                                                          Term::kRateL1,
                                                          Term::kRateL2,
                                                          Term::kConnections,
                                                          Term::kSpace,
                                                          Term::kAll),
                                          testing::Bool(),
                                          testing::Bool()));

TEST(Objective, RatePenaltyIsTheMeanOverStepsStreamsAndUnits) {
  // One linear unit, alpha 1, no recurrence: its states are its inputs -2, 1,
  // 3 in one stream.
  Parameters<double> parameters(1, 1, 2);
  parameters.w_in()(0, 0) = 1;
  Dynamics dynamics;
  dynamics.activation = Activation::kLinear;
  Backprop<double> backprop(dynamics, 1, 1, 2, 3, 1, {.l1 = 0.5, .l2 = 0.25});
  Batch<double> batch;
  batch.inputs.resize(1, 3);
  batch.inputs << -2, 1, 3;
  batch.targets = {0, 0, 0};
  Parameters<double> gradient(1, 1, 2);
  // Both outputs are 0.
  EXPECT_NEAR(
      *backprop.Run(parameters, batch, gradient, {}), std::log(2.0), 1e-14);
  EXPECT_NEAR(backprop.rate_penalty(), (0.5 * 6 + 0.25 * 14) / 3, 1e-14);
  // d/db: l1 (-1 + 1 + 1) / 3 + 2 l2 (-2 + 1 + 3) / 3.
  EXPECT_NEAR(gradient.b_in()(0), (0.5 + 0.5 * 2) / 3, 1e-14);
}

TEST(Objective, FloatsAgreeWithDoubles) {
  const Dynamics dynamics;
  const Regularization regularization = RegularizationOf(Term::kAll);
  const Network network = InitialNetwork(
      Recipe::kReference, 31, kNetInputs, kNetOutputs, dynamics, 2);
  Parameters<double> parameters(network);
  Parameters<float> float_parameters(network);
  Parameters<double> gradient(31, kNetInputs, kNetOutputs);
  Parameters<float> float_gradient(31, kNetInputs, kNetOutputs);
  Objective<double> in_double(Backprop<double>(dynamics,
                                               31,
                                               kNetInputs,
                                               kNetOutputs,
                                               kChunkSteps,
                                               kChunkStreams,
                                               regularization.rates),
                              WeightPenalty<double>(regularization, 31),
                              Trainable<double>({}, {}, gradient));
  Objective<float> in_float(Backprop<float>(dynamics,
                                            31,
                                            kNetInputs,
                                            kNetOutputs,
                                            kChunkSteps,
                                            kChunkStreams,
                                            regularization.rates),
                            WeightPenalty<float>(regularization, 31),
                            Trainable<float>({}, {}, float_gradient));
  const Batch<double> batch = RandomSequences();
  Batch<float> float_batch;
  float_batch.inputs = batch.inputs.cast<float>();
  float_batch.targets = batch.targets;
  float_batch.weights.assign(batch.weights.begin(), batch.weights.end());
  const ObjectiveValue value = *in_double.Run(parameters, batch, gradient, {});
  const ObjectiveValue float_value =
      *in_float.Run(float_parameters, float_batch, float_gradient, {});
  EXPECT_NEAR(float_value.loss, value.loss, 1e-5 * value.loss);
  EXPECT_NEAR(float_value.penalty, value.penalty, 1e-5 * value.penalty);
  EXPECT_LT((float_gradient.w_rec().cast<double>() - gradient.w_rec()).norm(),
            1e-5 * gradient.w_rec().norm());
}

}  // namespace
}  // namespace modbound
