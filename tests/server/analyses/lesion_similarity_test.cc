#include "core/network/run.h"
#include "server/analyses/network_cases.h"
#include "server/analyses/network_inputs.h"

namespace modbound {
namespace {

using Refusal = std::pair<std::string, std::string>;
constexpr char kGolden[] = "lesion_similarity_gng";

// The golden network with the activity of its golden trials.
InputArrays LesionInputs() {
  InputArrays inputs = GoldenNetworkArrays(kGolden);
  const auto network = NetworkOf(inputs, Dynamics());
  const GoldenArray trials = LoadGolden(kGolden, "trial_inputs");
  const auto run = RunNetwork(*network,
                              trials.ToMatrix(),
                              trials.shape[1],
                              RowOrder::kByTime,
                              Matrix(),
                              Execution());
  inputs["activity"] = HostArray::FromMatrix(run->activity, {});
  return inputs;
}

v1::Spec SpecOf(v1::LesionScope::Name scope) {
  v1::Spec spec;
  v1::LesionSimilaritySpec& lesion = *spec.mutable_lesion_similarity();
  lesion.set_scope(scope);
  lesion.set_null_count(20);
  for (const double value : LoadGolden(kGolden, "input").values) {
    lesion.add_input(value);
  }
  return spec;
}

v1::Spec GoNogoLesionSpec() {
  v1::Spec spec;
  v1::LesionSimilaritySpec& lesion = *spec.mutable_lesion_similarity();
  lesion.mutable_task()->set_name(v1::Task::GO_NOGO);
  lesion.set_grid(6);
  lesion.set_null_count(10);
  return spec;
}

InputArrays NetworkOnly() { return GoldenNetworkArrays(kGolden); }

TEST(LesionSimilarityKind, EveryScopeIsGolden) {
  const std::vector<std::pair<v1::LesionScope::Name, std::string>> scopes = {
      {v1::LesionScope::RECURRENT, "rec"},
      {v1::LesionScope::ALL, "all"},
      {v1::LesionScope::SILENCE, "silence"}};
  for (const auto& [scope, name] : scopes) {
    const auto outcome = RunWithThreads(SpecOf(scope), LesionInputs());
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    const auto& outputs = outcome->outputs;
    // The grid here comes from the activity: distances agree as it does.
    ExpectClose(outputs.at("states").ToMatrix(),
                LoadGolden(kGolden, "grid").ToMatrix(),
                1e-7,
                1e-7,
                "states");
    ExpectClose(outputs.at("stepped").ToMatrix(),
                LoadGolden(kGolden, "stepped").ToMatrix(),
                1e-6,
                1e-6,
                "stepped");
    ExpectClose(outputs.at("similarity").ToMatrix(),
                LoadGolden(kGolden, "similarity_" + name).ToMatrix(),
                1e-6,
                1e-6,
                "similarity");
    ExpectClose(outputs.at("valid").ToVector(),
                LoadGolden(kGolden, "valid_" + name).ToVector(),
                0,
                0,
                "valid");
    ExpectClose(outputs.at("grid_axes").ToMatrix(),
                LoadGolden(kGolden, "grid_axes").ToMatrix(),
                1e-7,
                1e-7,
                "grid_axes");
    const auto& summary = outcome->summary.lesion_similarity();
    EXPECT_EQ(summary.valid_units(), outputs.at("valid").ToVector().sum());
    EXPECT_TRUE(summary.has_induced_p());
  }
}

TEST(LesionSimilarityKind, OutputsAreThoseOfThePlanAtAnyThreadCount) {
  ExpectPlannedAndSameAtAnyThreadCount(GoNogoLesionSpec(), NetworkOnly());
  v1::Spec spec = SpecOf(v1::LesionScope::ALL);
  spec.mutable_lesion_similarity()->set_grid(5);
  ExpectPlannedAndSameAtAnyThreadCount(spec, LesionInputs());
}

TEST(LesionSimilarityKind, TheTaskGivesTheConstantInput) {
  v1::Spec spec = GoNogoLesionSpec();
  ASSERT_TRUE(PlanJob(spec, InfosOf(NetworkOnly())).ok());
  const auto& input = spec.lesion_similarity().input();
  EXPECT_EQ(std::vector<double>(input.begin(), input.end()),
            (std::vector<double>{1, 0, 0}));
  EXPECT_EQ(spec.lesion_similarity().trials(), 100);
}

TEST(LesionSimilarityKind, NoNullLeavesItsNumbersUnset) {
  v1::Spec spec = GoNogoLesionSpec();
  spec.mutable_lesion_similarity()->set_null_count(0);
  const auto outcome = RunWithThreads(spec, NetworkOnly());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_FALSE(outcome->summary.lesion_similarity().has_induced_p());
  EXPECT_FALSE(outcome->summary.lesion_similarity().has_z());
}

TEST(LesionSimilarityKind, RefusesContradictions) {
  v1::Spec spec = SpecOf(v1::LesionScope::ALL);
  spec.mutable_lesion_similarity()->set_trials(5);
  EXPECT_EQ(SubmitRefusalOf(spec, LesionInputs()),
            Refusal(reason::kContradiction, "spec.lesion_similarity.trials"));
  spec = SpecOf(v1::LesionScope::ALL);
  EXPECT_EQ(SubmitRefusalOf(spec, NetworkOnly()),
            Refusal(reason::kMissingField, "spec.lesion_similarity.task"));
  spec.mutable_lesion_similarity()->add_input(1);
  EXPECT_EQ(SubmitRefusalOf(spec, LesionInputs()),
            Refusal(reason::kWrongShape, "spec.lesion_similarity.input"));
  spec = SpecOf(v1::LesionScope::ALL);
  spec.mutable_lesion_similarity()->set_quality(v1::QualityFunction::CUSTOM);
  EXPECT_EQ(SubmitRefusalOf(spec, LesionInputs()),
            Refusal(reason::kOutOfRange, "spec.lesion_similarity.quality"));
  spec.mutable_lesion_similarity()->set_quality(
      v1::QualityFunction::MODULARITY);
  EXPECT_EQ(RefusalOf(spec, LesionInputs()),
            Refusal(reason::kNegativeWeight, "spec.lesion_similarity.quality"));
}

TEST(LesionSimilarityKind, MakesLargeSquareOutputsOnlyWhenAsked) {
  InputInfos infos;
  const auto add = [&](const char* name, std::vector<int64_t> shape) {
    infos[name] = {v1::DType::FLOAT32, std::move(shape), std::nullopt, nullptr};
  };
  add("w_in", {5000, 3});
  add("b_in", {5000});
  add("w_rec", {5000, 5000});
  add("b_rec", {5000});
  add("w_out", {2, 5000});
  add("b_out", {2});
  const auto has_similarity = [&](v1::Spec spec) {
    const auto plan = PlanJob(spec, infos);
    EXPECT_TRUE(plan.ok()) << plan.status();
    return std::any_of(
        plan->outputs.begin(),
        plan->outputs.end(),
        [](const PlannedOutput& out) { return out.name == "similarity"; });
  };
  v1::Spec spec = GoNogoLesionSpec();
  EXPECT_FALSE(has_similarity(spec));
  spec.mutable_lesion_similarity()->add_outputs("similarity");
  EXPECT_TRUE(has_similarity(spec));
  spec.mutable_lesion_similarity()->add_outputs("states");
  EXPECT_EQ(FieldOf(PlanJob(spec, infos).status()),
            "spec.lesion_similarity.outputs");
}

}  // namespace
}  // namespace modbound
