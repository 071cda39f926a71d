#include "core/modules/similarity.h"
#include "server/analyses/network_cases.h"

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
