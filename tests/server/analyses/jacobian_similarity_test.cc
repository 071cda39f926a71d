#include "core/modules/similarity.h"
#include "core/tasks/task.h"
#include "server/analyses/network_cases.h"
#include "support/golden_network.h"

namespace modbound {
namespace {

using Refusal = std::pair<std::string, std::string>;

InputArrays GivenInputs(const std::string& golden) {
  InputArrays inputs = GoldenNetworkArrays(golden);
  inputs["states"] = GoldenHostArray(golden, "states");
  inputs["inputs"] = GoldenHostArray(golden, "inputs");
  return inputs;
}

v1::Spec SpecOf(double dt, v1::Update::Rule update) {
  v1::Spec spec;
  v1::JacobianSimilaritySpec& jacobian = *spec.mutable_jacobian_similarity();
  jacobian.set_dt(dt);
  jacobian.set_update(update);
  jacobian.set_null_count(20);
  return spec;
}

v1::Spec TrajectorySpec() {
  v1::Spec spec = SpecOf(100, v1::Update::LEAK_OUTSIDE);
  v1::JacobianSimilaritySpec& jacobian = *spec.mutable_jacobian_similarity();
  jacobian.mutable_task()->set_name(v1::Task::PERCEPTUAL_DECISION_MAKING);
  jacobian.set_trials(10);
  return spec;
}

InputArrays GoldenNetworkOnly() {
  return GoldenNetworkArrays("lesion_similarity_pdm");
}

TEST(JacobianSimilarityKind, GivenStatesAreGolden) {
  struct Variant {
    std::string golden;
    std::string name;
    double dt;
    v1::Update::Rule update;
  };
  for (const Variant& variant : std::vector<Variant>{
           {"jacobian_n5", "a100_inside", 100, v1::Update::LEAK_INSIDE},
           {"jacobian_n5", "a020_inside", 20, v1::Update::LEAK_INSIDE},
           {"jacobian_n5", "a020_outside", 20, v1::Update::LEAK_OUTSIDE},
           {"jacobian_n64", "a100_inside", 100, v1::Update::LEAK_OUTSIDE},
           {"jacobian_n64", "a020_inside", 20, v1::Update::LEAK_INSIDE}}) {
    const auto outcome = RunWithThreads(SpecOf(variant.dt, variant.update),
                                        GivenInputs(variant.golden));
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    const auto expect = [&](const char* output,
                            const std::string& array,
                            double rtol,
                            double atol) {
      ExpectClose(outcome->outputs.at(output).ToMatrix(),
                  LoadGolden(variant.golden, array + variant.name).ToMatrix(),
                  rtol,
                  atol,
                  array + variant.name);
    };
    expect("jacobian", "mean_jacobian_", 1e-12, 1e-14);
    expect("similarity", "row_cosine_", 1e-10, 1e-12);
    expect("similarity_flow", "row_cosine_minus_identity_", 1e-10, 1e-12);
    EXPECT_EQ(outcome->summary.jacobian_similarity().num_states(), 22);
    // Without activity the states are correlated.
    const auto correlation = CorrelationOfColumns(
        LoadGolden(variant.golden, "states").ToMatrix(), Execution());
    ExpectClose(outcome->outputs.at("correlation").ToMatrix(),
                correlation->values,
                0,
                1e-14,
                "correlation");
  }
}

TEST(JacobianSimilarityKind, OutputsAreThoseOfThePlanAtAnyThreadCount) {
  ExpectPlannedAndSameAtAnyThreadCount(TrajectorySpec(), GoldenNetworkOnly());
  ExpectPlannedAndSameAtAnyThreadCount(SpecOf(20, v1::Update::LEAK_OUTSIDE),
                                       GivenInputs("jacobian_n64"));
}

TEST(JacobianSimilarityKind, DerivativePicksTheLabels) {
  v1::Spec spec = TrajectorySpec();
  const auto step = RunWithThreads(spec, GoldenNetworkOnly());
  spec.mutable_jacobian_similarity()->set_derivative(v1::Derivative::FLOW);
  const auto flow = RunWithThreads(spec, GoldenNetworkOnly());
  ASSERT_TRUE(step.ok() && flow.ok()) << step.status() << flow.status();
  EXPECT_NE(step->outputs.at("labels").ToLabels(),
            flow->outputs.at("labels").ToLabels());
  EXPECT_EQ(step->summary.SerializeAsString(),
            flow->summary.SerializeAsString());
  // Three trials of 22 steps.
  EXPECT_EQ(step->summary.jacobian_similarity().num_states(), 66);
  // Silent units have a zero similarity row of the step: no module.
  const Labels labels = step->outputs.at("labels").ToLabels();
  const Matrix similarity = step->outputs.at("similarity").ToMatrix();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    EXPECT_EQ(
        labels[i] == -1,
        similarity(static_cast<int64_t>(i), static_cast<int64_t>(i)) == 0);
  }
  EXPECT_GT(step->summary.jacobian_similarity().step().r(), 0);
}

// One step of a tanh network at alpha = 1/2, written out anew.
Vector HalfStep(const Network& network,
                v1::Update::Rule update,
                const Vector& state,
                const Vector& input) {
  const Vector drive = network.w_in * input + network.b_in +
                       network.w_rec * state + network.b_rec;
  if (update == v1::Update::LEAK_INSIDE) {
    return (0.5 * state + 0.5 * drive).array().tanh();
  }
  return 0.5 * state + 0.5 * drive.array().tanh().matrix();
}

// Central differences of that step. Error h^2 f''' / 6 plus rounding eps / h:
// about 1e-10 at h = 1e-5.
Matrix DifferencesOfHalfStep(const Network& network,
                             v1::Update::Rule update,
                             const Vector& state,
                             const Vector& input) {
  constexpr double kDifference = 1e-5;
  const int64_t N = network.units();
  Matrix jacobian(N, N);
  for (int64_t j = 0; j < N; ++j) {
    const Vector change = kDifference * Vector::Unit(N, j);
    jacobian.col(j) = (HalfStep(network, update, state + change, input) -
                       HalfStep(network, update, state - change, input)) /
                      (2 * kDifference);
  }
  return jacobian;
}

// What a network meets in trials: the states before each step, their inputs,
// and the mean of the difference Jacobians there.
struct HalfSteps {
  Matrix states;
  Matrix inputs;
  Matrix jacobian;
};

HalfSteps RunHalfSteps(const Network& network,
                       v1::Update::Rule update,
                       const Task& task,
                       int64_t trials,
                       uint64_t seed) {
  const int64_t N = network.units();
  const int64_t T = task.max_steps();
  const int64_t S = trials * T;
  HalfSteps run{Matrix(S, N), Matrix(S, task.inputs()), Matrix::Zero(N, N)};
  Trial trial;
  for (int64_t k = 0; k < trials; ++k) {
    RandomStream random(
        seed, RandomPurpose::kJacobianTrials, static_cast<uint64_t>(k));
    task.Draw(random, trial);
    Vector state = Vector::Zero(N);
    for (int64_t t = 0; t < T; ++t) {
      const Vector input = trial.inputs.row(t);
      run.states.row(k * T + t) = state;
      run.inputs.row(k * T + t) = input;
      run.jacobian += DifferencesOfHalfStep(network, update, state, input) /
                      static_cast<double>(S);
      state = HalfStep(network, update, state, input);
    }
  }
  return run;
}

TEST(JacobianSimilarityKind, TrajectoryIsGivenStatesOfItsTrials) {
  constexpr int kTrials = 4;
  constexpr int kSeed = 9;
  const Network network = GoldenNetwork("lesion_similarity_pdm");
  const auto task =
      Task::Make(*DefaultTaskSpec("PERCEPTUAL_DECISION_MAKING"), 50);
  ASSERT_TRUE(task.ok()) << task.status();
  for (const v1::Update::Rule update :
       {v1::Update::LEAK_OUTSIDE, v1::Update::LEAK_INSIDE}) {
    SCOPED_TRACE(v1::Update::Rule_Name(update));
    const HalfSteps run = RunHalfSteps(network, update, *task, kTrials, kSeed);
    InputArrays inputs = GoldenNetworkOnly();
    // Both correlate the same activity.
    inputs["activity"] = HostArray::FromMatrix(run.states, {});
    v1::Spec spec = SpecOf(50, update);
    v1::JacobianSimilaritySpec& jacobian = *spec.mutable_jacobian_similarity();
    jacobian.set_activation(v1::Activation::TANH);
    jacobian.set_seed(kSeed);
    v1::Spec trajectory_spec = spec;
    jacobian.set_mode(v1::JacobianMode::GIVEN_STATES);
    InputArrays states = inputs;
    states["states"] = HostArray::FromMatrix(run.states, {});
    states["inputs"] = HostArray::FromMatrix(run.inputs, {});
    const auto given = RunWithThreads(spec, states);
    ASSERT_TRUE(given.ok()) << given.status();

    v1::JacobianSimilaritySpec& trajectory_jacobian =
        *trajectory_spec.mutable_jacobian_similarity();
    trajectory_jacobian.set_mode(v1::JacobianMode::TRAJECTORY);
    trajectory_jacobian.mutable_task()->set_name(
        v1::Task::PERCEPTUAL_DECISION_MAKING);
    trajectory_jacobian.set_jacobian_trials(kTrials);
    const auto trajectory = RunWithThreads(trajectory_spec, inputs);
    ASSERT_TRUE(trajectory.ok()) << trajectory.status();

    ExpectClose(trajectory->outputs.at("jacobian").ToMatrix(),
                run.jacobian,
                0,
                1e-8,
                "mean of difference Jacobians");
    for (const char* name : {"jacobian",
                             "similarity",
                             "similarity_flow",
                             "similarity_weights",
                             "correlation",
                             "null"}) {
      ExpectClose(trajectory->outputs.at(name).ToMatrix(),
                  given->outputs.at(name).ToMatrix(),
                  0,
                  1e-11,
                  name);
    }
    EXPECT_EQ(trajectory->outputs.at("labels").ToLabels(),
              given->outputs.at("labels").ToLabels());
    EXPECT_EQ(trajectory->summary.jacobian_similarity().num_states(),
              kTrials * task->max_steps());
  }
}

TEST(JacobianSimilarityKind, CorrelatesTheActivityThatIsGiven) {
  InputArrays inputs = GivenInputs("jacobian_n5");
  Matrix activity = LoadGolden("jacobian_n5", "states").ToMatrix();
  activity.col(2).setZero();
  inputs["activity"] = HostArray::FromMatrix(activity, {});
  const auto outcome =
      RunWithThreads(SpecOf(20, v1::Update::LEAK_OUTSIDE), inputs);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->summary.jacobian_similarity().active_units(), 4);
  EXPECT_EQ(outcome->outputs.at("correlation").ToMatrix()(2, 2), 0);
}

TEST(JacobianSimilarityKind, RefusesContradictions) {
  const v1::Spec given = SpecOf(20, v1::Update::LEAK_OUTSIDE);
  const auto refused = [](v1::Spec spec, const InputArrays& inputs) {
    return SubmitRefusalOf(std::move(spec), inputs);
  };
  v1::Spec spec = given;
  spec.mutable_jacobian_similarity()->set_mode(v1::JacobianMode::GIVEN_STATES);
  EXPECT_EQ(refused(spec, GoldenNetworkOnly()),
            Refusal(reason::kMissingField, "inputs.states"));
  InputArrays inputs = GivenInputs("jacobian_n5");
  inputs.erase("inputs");
  EXPECT_EQ(refused(given, inputs),
            Refusal(reason::kMissingField, "inputs.inputs"));
  inputs = GivenInputs("jacobian_n5");
  spec = given;
  spec.mutable_jacobian_similarity()->set_mode(v1::JacobianMode::TRAJECTORY);
  EXPECT_EQ(refused(spec, inputs).first, reason::kContradiction);
  spec = given;
  spec.mutable_jacobian_similarity()->set_jacobian_trials(3);
  EXPECT_EQ(refused(spec, inputs),
            Refusal(reason::kContradiction,
                    "spec.jacobian_similarity.jacobian_trials"));
  spec = given;
  spec.mutable_jacobian_similarity()->set_trials(3);
  EXPECT_EQ(refused(spec, inputs),
            Refusal(reason::kContradiction, "spec.jacobian_similarity.trials"));
  spec = given;
  spec.mutable_jacobian_similarity()->set_quality(v1::QualityFunction::CUSTOM);
  EXPECT_EQ(refused(spec, inputs).second, "spec.jacobian_similarity.quality");
  EXPECT_EQ(refused(given, GoldenNetworkOnly()),
            Refusal(reason::kMissingField, "spec.jacobian_similarity.task"));
  spec = given;
  spec.mutable_jacobian_similarity()->add_outputs("labels");
  EXPECT_EQ(refused(spec, inputs).second, "spec.jacobian_similarity.outputs");
}

}  // namespace
}  // namespace modbound
