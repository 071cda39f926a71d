#include <cmath>

#include "core/base/shards.h"
#include "server/analyses/ensemble_cases.h"

namespace modbound {
namespace {

v1::Spec TrainedEnsemble(int32_t count) {
  v1::Spec spec = CaseSpec("train");
  spec.mutable_train()->set_count(count);
  return spec;
}

std::vector<double> SliceValues(const HostArray& array, int64_t network) {
  const int64_t block = array.size() / array.shape()[0];
  std::vector<double> values;
  for (int64_t i = 0; i < block; ++i) {
    values.push_back(array.At(network * block + i));
  }
  return values;
}

TEST(EnsembleTraining, CountOneIsOneNetworkAsBefore) {
  const auto unset = RunWithThreads(CaseSpec("train"), {});
  const auto one = RunWithThreads(TrainedEnsemble(1), {});
  ASSERT_TRUE(unset.ok() && one.ok());
  EXPECT_FALSE(one->summary.has_ensemble());
  EXPECT_EQ(one->outputs.at("w_rec").shape(), (std::vector<int64_t>{10, 10}));
  EXPECT_EQ(one->outputs.at("w_rec").ToDoubles(),
            unset->outputs.at("w_rec").ToDoubles());
  EXPECT_EQ(one->outputs.count("per_network/seed"), 0u);
}

TEST(EnsembleTraining, NamesTheSeedOfEachNetwork) {
  const auto all = RunWithThreads(TrainedEnsemble(4), {}, 2);
  ASSERT_TRUE(all.ok()) << all.status();
  const HostArray& seeds = all->outputs.at("per_network/seed");
  EXPECT_EQ(seeds.dtype(), v1::DType::INT64);
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(reinterpret_cast<const int64_t*>(seeds.data())[i],
              static_cast<int64_t>(ShardSeed(5, i)));
  }
  EXPECT_EQ(all->outputs.at("w_rec").axes(),
            (std::vector<std::string>{"network", "unit", "source"}));
  // What tells of the machine is no array and has no place among the scalars.
  EXPECT_EQ(all->outputs.count("per_network/steps_per_second"), 0u);
  for (const auto& scalar : all->summary.ensemble().scalars()) {
    EXPECT_NE(scalar.name(), "steps_per_second");
  }
  EXPECT_GT(all->summary.train().steps_per_second(), 0);
  EXPECT_EQ(all->summary.train().steps(), 9);
  EXPECT_EQ(all->summary.train().stop_reason(), v1::TrainStop::MAX_STEPS);
}

TEST(EnsembleTraining, SharesTheInitialArraysThatAreNamedAndNoOthers) {
  v1::Spec spec = TrainedEnsemble(3);
  spec.mutable_train()->set_recipe(v1::Recipe::REFERENCE);
  const auto apart = RunWithThreads(spec, {});
  spec.mutable_train()->add_share_initial("w_in");
  spec.mutable_train()->add_share_initial("b_out");
  const auto shared = RunWithThreads(spec, {});
  ASSERT_TRUE(apart.ok() && shared.ok());
  for (const char* name :
       {"w_in", "b_in", "w_rec", "b_rec", "w_out", "b_out"}) {
    const HostArray& array = shared->outputs.at(std::string("initial/") + name);
    const bool is_shared =
        std::string(name) == "w_in" || std::string(name) == "b_out";
    EXPECT_EQ(SliceValues(array, 0) == SliceValues(array, 1), is_shared)
        << name;
    EXPECT_EQ(SliceValues(array, 0) == SliceValues(array, 2), is_shared)
        << name;
    // Network 0's are its own.
    EXPECT_EQ(SliceValues(array, 0),
              SliceValues(apart->outputs.at(std::string("initial/") + name), 0))
        << name;
  }
  // They are shared at the start alone.
  EXPECT_NE(SliceValues(shared->outputs.at("w_in"), 0),
            SliceValues(shared->outputs.at("w_in"), 1));
}

// Linear units and large steps: whether such a network diverges within its
// steps depends on its seed.
v1::Spec UnstableEnsemble() {
  v1::Spec spec = TrainedEnsemble(12);
  v1::TrainSpec& train = *spec.mutable_train();
  train.set_recipe(v1::Recipe::REFERENCE);
  train.mutable_model()->set_activation(v1::Activation::LINEAR);
  train.mutable_optimizer()->set_learning_rate(0.7);
  train.set_seq_len(100);
  train.set_max_steps(60);
  train.set_eval_every(60);
  return spec;
}

TEST(EnsembleTraining, NetworksThatDivergeDoNotSinkTheRest) {
  const auto all = RunWithThreads(UnstableEnsemble(), {}, 2);
  ASSERT_TRUE(all.ok()) << all.status();
  const v1::EnsembleSummary& ensemble = all->summary.ensemble();
  ASSERT_GT(ensemble.failed_networks(), 0);
  ASSERT_LT(ensemble.failed_networks(), 12);
  EXPECT_EQ(ensemble.failures_size(), ensemble.failed_networks());
  for (const auto& failure : ensemble.failures()) {
    EXPECT_EQ(failure.reason(), "DIVERGED");
    EXPECT_NE(failure.message().find("at step"), std::string::npos);
    EXPECT_EQ(all->outputs.at("per_network/steps").At(failure.network()), -1);
    for (const double weight :
         SliceValues(all->outputs.at("w_rec"), failure.network())) {
      ASSERT_TRUE(std::isnan(weight));
    }
    // Alone it fails with the same words.
    v1::Spec alone = UnstableEnsemble();
    alone.mutable_train()->set_count(1);
    alone.mutable_train()->set_seed(ShardSeed(5, failure.network()));
    const auto kept = RunWithThreads(alone, {});
    ASSERT_TRUE(kept.ok());
    EXPECT_EQ(std::string(kept->failure.message()), failure.message());
  }
  EXPECT_EQ(all->summary.train().steps(), 60);
}

// Masks of two networks and no count: the number of networks is theirs.
TEST(EnsembleTraining, TakesTheNumberOfNetworksFromItsInputs) {
  InputArrays inputs;
  inputs["mask/w_rec"] = HostArray::FromDoubles(
      std::vector<double>(2 * 10 * 10, 1), {2, 10, 10}, {});
  v1::Spec spec = CaseSpec("train");
  spec.mutable_train()->add_share_initial("w_in");
  v1::Spec filled = spec;
  const auto plan = PlanJob(filled, InfosOf(inputs));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(filled.train().count(), 2);
  const auto all = RunWithThreads(spec, inputs);
  ASSERT_TRUE(all.ok()) << all.status();
  const HostArray& w_in = all->outputs.at("initial/w_in");
  const HostArray& w_out = all->outputs.at("initial/w_out");
  EXPECT_EQ(SliceValues(w_in, 0), SliceValues(w_in, 1));
  EXPECT_NE(SliceValues(w_out, 0), SliceValues(w_out, 1));
  const auto again = RunWithThreads(filled, inputs);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->outputs.at("w_rec").ToDoubles(),
            all->outputs.at("w_rec").ToDoubles());
}

TEST(EnsembleTraining, ArraysThatAreGivenAreNotShared) {
  InputArrays inputs;
  inputs["initial/w_rec"] =
      HostArray::FromDoubles(std::vector<double>(10 * 10, 0.1), {10, 10}, {});
  v1::Spec spec = TrainedEnsemble(2);
  spec.mutable_train()->add_share_initial("w_in");
  EXPECT_EQ(SubmitRefusalOf(spec, inputs).first, "");
  spec.mutable_train()->add_share_initial("w_rec");
  EXPECT_EQ(SubmitRefusalOf(spec, inputs),
            std::make_pair(std::string("CONTRADICTION"),
                           std::string("spec.train.share_initial")));
}

TEST(EnsembleTraining, BadCountsAndNamesAreRefused) {
  const auto refusal = [](const v1::Spec& spec) {
    return SubmitRefusalOf(spec, {});
  };
  using Refusal = std::pair<std::string, std::string>;
  EXPECT_EQ(refusal(TrainedEnsemble(0)),
            Refusal("OUT_OF_RANGE", "spec.train.count"));
  EXPECT_EQ(refusal(TrainedEnsemble(10001)),
            Refusal("OUT_OF_RANGE", "spec.train.count"));
  v1::Spec spec = TrainedEnsemble(3);
  spec.mutable_train()->add_share_initial("w_in");
  spec.mutable_train()->add_share_initial("w_inn");
  EXPECT_EQ(refusal(spec),
            Refusal("OUT_OF_RANGE", "spec.train.share_initial[1]"));
  spec = TrainedEnsemble(1);
  spec.mutable_train()->add_share_initial("w_in");
  EXPECT_EQ(refusal(spec),
            Refusal("CONTRADICTION", "spec.train.share_initial"));
  spec = TrainedEnsemble(10000);
  spec.mutable_train()->set_max_steps(10000000);
  EXPECT_EQ(ReasonOf(RunWithThreads(spec, {}).status()), "MEMORY_LIMIT");
}

TEST(EnsembleTraining, PlanBoundsTheCurves) {
  v1::Spec spec = TrainedEnsemble(4);
  const auto plan = PlanJob(spec, {}, {2});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->max_threads, 2);
  const auto all = RunWithThreads(spec, {}, 2);
  ASSERT_TRUE(all.ok());
  ExpectLongestOutputsOfPlan(*plan, *all);
}

}  // namespace
}  // namespace modbound
