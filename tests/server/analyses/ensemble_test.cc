#include "server/analyses/ensemble.h"

#include <cmath>
#include <limits>

#include "core/base/shards.h"
#include "gmock/gmock.h"
#include "server/analyses/ensemble_cases.h"
#include "server/analyses/ensemble_summary.h"
#include "server/arrays/facts.h"
#include "support/memory_checkpoint.h"
#include "support/progress_log.h"

namespace modbound {
namespace {

constexpr int64_t kNetworks = 3;

// An ensemble of the kind: of its inputs, or of its spec's count.
v1::Spec EnsembleSpec(const std::string& kind) {
  v1::Spec spec = CaseSpec(kind);
  if (kind == "train") {
    spec.mutable_train()->set_count(kNetworks);
  }
  return spec;
}

InputArrays EnsembleInputs(const std::string& kind) {
  return kind == "train" ? InputArrays() : CaseEnsemble(kind, kNetworks);
}

// An ensemble is nothing but its networks: each output and each number is that
// of the network run alone with the seed that the ensemble names.
TEST(Ensemble, OfEveryKindIsEachNetworkAloneWithItsSeed) {
  for (const Analysis* analysis : AllAnalyses()) {
    const std::string& kind = analysis->kind;
    SCOPED_TRACE(kind);
    const auto all =
        RunWithThreads(EnsembleSpec(kind), EnsembleInputs(kind), 2);
    ASSERT_TRUE(all.ok()) << all.status();
    EXPECT_EQ(all->summary.ensemble().networks(), kNetworks);
    EXPECT_EQ(all->summary.ensemble().failed_networks(), 0);
    for (int64_t i = 0; i < kNetworks; ++i) {
      v1::Spec spec = CaseSpec(kind);
      SetSeed(kind, ShardSeed(5, i), spec);
      const auto one = RunWithThreads(
          spec,
          kind == "train" ? InputArrays()
                          : CaseInputs(kind, static_cast<uint64_t>(i)));
      ASSERT_TRUE(one.ok()) << one.status();
      for (const auto& [name, array] : one->outputs) {
        ASSERT_EQ(all->outputs.count(name), 1u) << name;
        ExpectSlice(all->outputs.at(name), array, i, name);
      }
      NetworkSummaries summaries(kNetworks);
      summaries[static_cast<std::size_t>(i)] = one->summary;
      for (const SummaryScalar& scalar : ScalarsOf(*analysis)) {
        if (!scalar.measured) {
          const HostArray& values =
              all->outputs.at("per_network/" + scalar.name);
          const HostArray own = PerNetwork(scalar, kind, summaries);
          EXPECT_TRUE(values.At(i) == own.At(i) ||
                      (std::isnan(values.At(i)) && std::isnan(own.At(i))))
              << scalar.name;
        }
      }
    }
  }
}

TEST(Ensemble, OfEveryKindIsPlannedAndTheSameAtAnyThreadCount) {
  for (const Analysis* analysis : AllAnalyses()) {
    SCOPED_TRACE(analysis->kind);
    v1::Spec spec = EnsembleSpec(analysis->kind);
    if (analysis->kind == "train") {
      continue;  // its summary tells of the machine; see below
    }
    ExpectPlannedAndSameAtAnyThreadCount(spec, EnsembleInputs(analysis->kind));
  }
}

InputInfos InfosWithFacts(const InputArrays& inputs) {
  InputInfos infos = InfosOf(inputs);
  for (auto& [name, info] : infos) {
    info.facts = ScanFacts(inputs.at(name));
  }
  return infos;
}

// What is not known before the run has a bound, without which its memory would
// not be counted.
TEST(Ensemble, OfEveryKindHasBoundsForExtentsThatTheRunShows) {
  for (const Analysis* analysis : AllAnalyses()) {
    const std::string& kind = analysis->kind;
    SCOPED_TRACE(kind);
    const InputArrays inputs = EnsembleInputs(kind);
    for (const InputInfos& infos : {InfosOf(inputs), InfosWithFacts(inputs)}) {
      v1::Spec spec = EnsembleSpec(kind);
      const auto plan = PlanJob(spec, infos);
      ASSERT_TRUE(plan.ok()) << plan.status();
      for (const PlannedOutput& output : plan->outputs) {
        const auto& shape = output.shape;
        EXPECT_TRUE(std::find(shape.begin(), shape.end(), -1) == shape.end() ||
                    output.most_extent > 0)
            << output.name;
      }
    }
    v1::Spec spec = EnsembleSpec(kind);
    const auto plan = PlanJob(spec, InfosWithFacts(inputs));
    const auto outcome = RunWithThreads(EnsembleSpec(kind), inputs);
    ASSERT_TRUE(plan.ok() && outcome.ok());
    int64_t bytes = 0;
    for (const auto& [name, array] : outcome->outputs) {
      bytes += array.size_bytes();
    }
    EXPECT_LE(bytes, plan->memory_bytes);
    EXPECT_LE(bytes, outcome->peak_job_bytes);
  }
}

TEST(Ensemble, EveryTestOfAKindIsANumberOfItsSummary) {
  for (const Analysis* analysis : AllAnalyses()) {
    const std::vector<SummaryScalar> scalars = ScalarsOf(*analysis);
    for (const std::string& name : analysis->ensemble_tests) {
      EXPECT_TRUE(std::any_of(scalars.begin(),
                              scalars.end(),
                              [&](const SummaryScalar& scalar) {
                                return scalar.name == name &&
                                       scalar.is_number();
                              }))
          << analysis->kind << ": " << name;
    }
  }
}

TEST(Ensemble, MeansSdAndTestAreThoseOfTheNetworks) {
  const auto all = RunWithThreads(CaseSpec("compare_matrices"),
                                  CaseEnsemble("compare_matrices", 4));
  ASSERT_TRUE(all.ok()) << all.status();
  const Vector r = all->outputs.at("per_network/pearson_r").ToVector();
  ASSERT_EQ(r.size(), 4);
  const double mean = r.mean();
  const double sd = std::sqrt((r.array() - mean).square().sum() / 3);
  EXPECT_DOUBLE_EQ(all->summary.compare_matrices().pearson_r(), mean);
  const v1::EnsembleSummary& ensemble = all->summary.ensemble();
  const auto scalar =
      std::find_if(ensemble.scalars().begin(),
                   ensemble.scalars().end(),
                   [](const auto& one) { return one.name() == "pearson_r"; });
  ASSERT_NE(scalar, ensemble.scalars().end());
  EXPECT_DOUBLE_EQ(scalar->mean(), mean);
  EXPECT_NEAR(scalar->sd(), sd, 1e-14);
  EXPECT_EQ(scalar->n(), 4);
  EXPECT_NEAR(scalar->test().t(), mean / (sd / 2), 1e-12);
  EXPECT_EQ(scalar->test().df(), 3);
  EXPECT_NEAR(scalar->test().effect_size(), mean / sd, 1e-12);
  // P(|T| >= t) of three degrees of freedom in closed form.
  const double x = scalar->test().t() / std::sqrt(3.0);
  EXPECT_NEAR(
      scalar->test().p(),
      1 - 2 / M_PI * (std::abs(x) / (1 + x * x) + std::atan(std::abs(x))),
      1e-12);
  EXPECT_FALSE(std::any_of(ensemble.scalars().begin(),
                           ensemble.scalars().end(),
                           [](const auto& one) {
                             return one.name() == "pearson_p" && one.has_test();
                           }));
}

TEST(Ensemble, OfOneNetworkHasMeansAndNoTest) {
  const auto all = RunWithThreads(CaseSpec("compare_matrices"),
                                  CaseEnsemble("compare_matrices", 1));
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->outputs.at("per_network/pearson_r").shape(),
            std::vector<int64_t>{1});
  for (const auto& scalar : all->summary.ensemble().scalars()) {
    EXPECT_FALSE(scalar.has_sd() || scalar.has_test()) << scalar.name();
    EXPECT_EQ(scalar.n(), 1);
  }
}

// The second of three networks has a weight that is not a number, as after a
// training that diverged.
InputArrays WithABrokenNetwork(const std::string& kind) {
  InputArrays inputs = CaseEnsemble(kind, kNetworks);
  auto* w_rec = reinterpret_cast<double*>(inputs.at("w_rec").mutable_data());
  w_rec[kCaseUnits * kCaseUnits] = std::numeric_limits<double>::quiet_NaN();
  return inputs;
}

TEST(Ensemble, ANetworkThatFailsIsNamedAndLeavesItsPlaceEmpty) {
  const std::string kind = "jacobian_similarity";
  const InputArrays inputs = WithABrokenNetwork(kind);
  InputInfos infos = InfosOf(inputs);
  infos.at("w_rec").facts = ScanFacts(inputs.at("w_rec"));
  v1::Spec planned = CaseSpec(kind);
  ASSERT_TRUE(PlanJob(planned, infos).ok());
  const auto all = RunWithThreads(CaseSpec(kind), inputs, 2);
  ASSERT_TRUE(all.ok()) << all.status();
  const v1::EnsembleSummary& ensemble = all->summary.ensemble();
  EXPECT_EQ(ensemble.networks(), kNetworks);
  EXPECT_EQ(ensemble.failed_networks(), 1);
  ASSERT_EQ(ensemble.failures_size(), 1);
  EXPECT_EQ(ensemble.failures(0).network(), 1);
  EXPECT_EQ(ensemble.failures(0).reason(), "NOT_FINITE");
  EXPECT_EQ(ensemble.failures(0).field(), "inputs.w_rec");
  EXPECT_FALSE(ensemble.failures(0).message().empty());
  const HostArray& r = all->outputs.at("per_network/step.r");
  EXPECT_TRUE(std::isnan(r.At(1)));
  EXPECT_DOUBLE_EQ(all->summary.jacobian_similarity().step().r(),
                   (r.At(0) + r.At(2)) / 2);
  EXPECT_EQ(all->outputs.at("per_network/active_units").At(1), -1);
  for (const auto& [name, array] : all->outputs) {
    const int64_t block = array.size() / kNetworks;
    for (int64_t i = 0; i < block && name != "per_network/seed"; ++i) {
      ASSERT_TRUE(IsMissing(array, block + i)) << name;
    }
  }
  // The others are as if it were not there.
  const auto whole = RunWithThreads(CaseSpec(kind), CaseEnsemble(kind, 3));
  ASSERT_TRUE(whole.ok());
  const HostArray& similarity = all->outputs.at("similarity");
  const auto bytes = static_cast<std::size_t>(similarity.size_bytes() / 3);
  for (const std::size_t i : {0, 2}) {
    EXPECT_EQ(std::memcmp(similarity.data() + i * bytes,
                          whole->outputs.at("similarity").data() + i * bytes,
                          bytes),
              0);
  }
}

// Labels that are no numbers in one network: the others are planned with the
// modules that they have.
TEST(Ensemble, ANetworkOfBadLabelsDoesNotHideTheModulesOfOthers) {
  const std::string kind = "reduce";
  InputArrays inputs = CaseEnsemble(kind, kNetworks);
  Vector labels(kNetworks * kCaseUnits);
  for (int64_t i = 0; i < labels.size(); ++i) {
    labels(i) = static_cast<double>(i % kCaseUnits);
  }
  labels(kCaseUnits) = std::nan("");
  inputs["labels"] =
      HostArray::FromDoubles({labels.data(), labels.data() + labels.size()},
                             {kNetworks, kCaseUnits},
                             {});
  const auto all = RunWithThreads(CaseSpec(kind), inputs);
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->summary.ensemble().failures_size(), 1);
  EXPECT_EQ(all->summary.ensemble().failures(0).network(), 1);
  EXPECT_EQ(all->summary.ensemble().failures(0).reason(), "NOT_FINITE");
  v1::Spec spec = CaseSpec(kind);
  const auto bad = PlanJob(spec, InfosWithFacts(inputs), {1});
  labels(kCaseUnits) = 0;
  inputs["labels"] =
      HostArray::FromDoubles({labels.data(), labels.data() + labels.size()},
                             {kNetworks, kCaseUnits},
                             {});
  const auto good = PlanJob(spec, InfosWithFacts(inputs), {1});
  ASSERT_TRUE(bad.ok() && good.ok());
  EXPECT_EQ(bad->memory_bytes, good->memory_bytes);
}

// A plan that reckons with two modules, and a network of six.
TEST(Ensemble, ANetworkThatNeedsMoreThanIsPlannedFailsByItself) {
  const std::string kind = "reduce";
  InputArrays inputs = CaseEnsemble(kind, kNetworks);
  auto* labels = reinterpret_cast<int32_t*>(inputs["labels"].mutable_data());
  for (int64_t i = 0; i < kNetworks * kCaseUnits; ++i) {
    labels[i] = static_cast<int32_t>(i % (i / kCaseUnits == 1 ? 6 : 2));
  }
  const Analysis& analysis = *FindAnalysis(kind);
  v1::Spec spec = CaseSpec(kind);
  InputInfos infos = InfosWithFacts(inputs);
  ASSERT_TRUE(PlanJob(spec, infos).ok());
  const auto ensemble = EnsembleOf(analysis, spec, infos);
  ASSERT_TRUE(ensemble.ok());
  infos.at("labels").facts->set_max(1);
  const auto one = analysis.plan(spec, InfosOfOne(infos, *ensemble));
  ASSERT_TRUE(one.ok());
  const auto all =
      RunEnsemble(analysis, spec, inputs, infos, *ensemble, *one, Execution());
  ASSERT_TRUE(all.ok()) << all.status();
  const v1::EnsembleSummary& summary = all->summary.ensemble();
  ASSERT_EQ(summary.failures_size(), 1);
  EXPECT_EQ(summary.failures(0).network(), 1);
  EXPECT_EQ(summary.failures(0).reason(), "MEMORY_LIMIT");
}

TEST(Ensemble, OfWhichAllNetworksFailFails) {
  const std::string kind = "jacobian_similarity";
  InputArrays inputs = CaseEnsemble(kind, 2);
  auto* w_rec = reinterpret_cast<double*>(inputs.at("w_rec").mutable_data());
  for (const int64_t i : {0, 1}) {
    w_rec[i * kCaseUnits * kCaseUnits] =
        std::numeric_limits<double>::infinity();
  }
  const absl::Status status = RunWithThreads(CaseSpec(kind), inputs).status();
  EXPECT_EQ(ReasonOf(status), "NOT_FINITE");
  EXPECT_EQ(FieldOf(status), "inputs.w_rec");
  EXPECT_NE(status.message().find("all of the 2 networks"),
            absl::string_view::npos)
      << status;
}

TEST(Ensemble, ArraysWithoutTheAxisAreSharedByAllNetworks) {
  InputArrays inputs = CaseEnsemble("reduce", kNetworks);
  inputs["labels"] = HostArray::FromLabels(CaseLabels(3), {});
  const auto all = RunWithThreads(CaseSpec("reduce"), inputs);
  ASSERT_TRUE(all.ok()) << all.status();
  for (int64_t i = 0; i < kNetworks; ++i) {
    InputArrays own = CaseInputs("reduce", static_cast<uint64_t>(i));
    own["labels"] = inputs["labels"];
    const auto one = RunWithThreads(CaseSpec("reduce"), own);
    ASSERT_TRUE(one.ok());
    ExpectSlice(all->outputs.at("module_activity"),
                one->outputs.at("module_activity"),
                i,
                "module_activity");
  }
  EXPECT_EQ(all->outputs.at("per_network/num_modules").At(2), 3);
}

TEST(Ensemble, WhatARuleTakesAsItIsIsNoEnsemble) {
  // (3, N) labels are three partitions.
  InputArrays inputs = CaseInputs("quality", 0);
  const auto one = RunWithThreads(CaseSpec("quality"), inputs);
  ASSERT_TRUE(one.ok());
  EXPECT_FALSE(one->summary.has_ensemble());
  // And of each network when its matrix is one of an ensemble.
  inputs["matrix"] = CaseEnsemble("quality", 2).at("matrix");
  const auto all = RunWithThreads(CaseSpec("quality"), inputs);
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->outputs.at("quality").shape(), (std::vector<int64_t>{2, 3}));
}

TEST(Ensemble, RefusalsNameTheInput) {
  using Refusal = std::pair<std::string, std::string>;
  const auto refusal = [](const InputArrays& inputs) {
    const v1::Spec spec = CaseSpec("jacobian_similarity");
    EXPECT_EQ(RefusalOf(spec, inputs), SubmitRefusalOf(spec, inputs));
    return SubmitRefusalOf(spec, inputs);
  };
  const InputArrays three = CaseEnsemble("jacobian_similarity", 3);
  const InputArrays two = CaseEnsemble("jacobian_similarity", 2);
  InputArrays inputs = three;
  inputs["w_out"] = two.at("w_out");
  EXPECT_EQ(refusal(inputs), Refusal("WRONG_SHAPE", "inputs.w_out"));
  // One of the six without the axis.
  inputs = three;
  inputs["b_in"] = CaseNetwork(40).at("b_in");
  EXPECT_EQ(refusal(inputs), Refusal("WRONG_SHAPE", "inputs.b_in"));
  // No network at all.
  inputs = three;
  for (auto& [name, array] : inputs) {
    std::vector<int64_t> shape = array.shape();
    shape[0] = 0;
    array = HostArray(v1::DType::FLOAT64, shape);
  }
  EXPECT_EQ(refusal(inputs).first, "WRONG_SHAPE");
  // Activity of another number of networks, and two axes too many.
  inputs = three;
  inputs["activity"] = HostArray(v1::DType::FLOAT64, {2, 30, kCaseUnits});
  EXPECT_EQ(refusal(inputs).first, "WRONG_SHAPE");
  inputs["activity"] = HostArray(v1::DType::FLOAT64, {3, 1, 30, kCaseUnits});
  EXPECT_EQ(refusal(inputs), Refusal("WRONG_SHAPE", "inputs.activity"));
  // Other extents within each network.
  inputs = three;
  inputs["b_rec"] = HostArray(v1::DType::FLOAT64, {3, kCaseUnits + 1});
  EXPECT_EQ(refusal(inputs), Refusal("WRONG_SHAPE", "inputs.b_rec"));
}

TEST(Ensemble, AnAxisThatItsJobCallsOtherwiseIsNoNetwork) {
  InputInfos infos = {{"activity",
                       {v1::DType::FLOAT64,
                        {7, 30, 12},
                        std::nullopt,
                        nullptr,
                        {"step", "trial", "unit"}}}};
  v1::Spec spec = CaseSpec("partition");
  EXPECT_EQ(ReasonOf(PlanJob(spec, infos).status()), "WRONG_SHAPE");
  infos.at("activity").axes = {"network", "step", "unit"};
  const auto plan = PlanJob(spec, infos);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->outputs[0].shape, (std::vector<int64_t>{7, 12}));
  EXPECT_EQ(plan->outputs[0].axes,
            (std::vector<std::string>{"network", "unit"}));
}

TEST(Ensemble, PlanCountsAThreadANetworkAndAllOutputs) {
  v1::Spec spec = CaseSpec("jacobian_similarity");
  const InputInfos infos = InfosOf(CaseEnsemble("jacobian_similarity", 8));
  const auto one_thread = PlanJob(spec, infos, {1});
  const auto many = PlanJob(spec, infos, {64});
  ASSERT_TRUE(one_thread.ok() && many.ok());
  EXPECT_GE(many->max_threads, 8);
  EXPECT_EQ(many->memory_bytes,
            one_thread->memory_bytes +
                (many->max_threads - 1) * one_thread->thread_bytes);
  const auto alone =
      PlanJob(spec, InfosOf(CaseInputs("jacobian_similarity", 0)), {1});
  ASSERT_TRUE(alone.ok());
  // Five matrices, one network's work.
  EXPECT_GE(one_thread->memory_bytes,
            alone->memory_bytes + 8 * 5 * 8 * kCaseUnits * kCaseUnits);
}

// All that a run found, as bytes.
absl::StatusOr<std::string> EnsembleBytes(const v1::Spec& spec,
                                          const InputArrays& inputs,
                                          const Execution& execution) {
  auto outcome = RunJob(spec, inputs, int64_t{1} << 32, execution);
  if (!outcome.ok()) {
    return outcome.status();
  }
  outcome->summary.mutable_train()->clear_steps_per_second();
  std::string bytes = outcome->summary.SerializeAsString();
  for (const auto& [name, array] : outcome->outputs) {
    AppendBytes(array.shape(), bytes);
    bytes.append(reinterpret_cast<const char*>(array.data()),
                 static_cast<std::size_t>(array.size_bytes()));
  }
  return bytes;
}

TEST(Ensemble, OfTrainedNetworksGoesOnFromEachCheckpoint) {
  v1::Spec spec = EnsembleSpec("train");
  // One of them stops early: curves of other lengths.
  spec.mutable_train()->set_target_accuracy(0.2);
  ExpectGoesOn(
      [&](const Execution& execution) {
        return EnsembleBytes(spec, {}, execution);
      },
      kNetworks * 4);
}

TEST(Ensemble, WithANetworkThatFailedGoesOnFromEachCheckpoint) {
  const InputArrays inputs = WithABrokenNetwork("lesion_similarity");
  ExpectGoesOn(
      [&](const Execution& execution) {
        return EnsembleBytes(CaseSpec("lesion_similarity"), inputs, execution);
      },
      kNetworks);
}

TEST(Ensemble, ReportsItsNetworks) {
  ProgressLog log;
  const Execution execution = log.Watch(2);
  ASSERT_TRUE(RunJob(CaseSpec("partition"),
                     CaseEnsemble("partition", 5),
                     int64_t{1} << 32,
                     execution)
                  .ok());
  EXPECT_THAT(log.Ends(), testing::ElementsAre("networks: 5 of 5 networks"));
}

TEST(Ensemble, StopsInTheMiddle) {
  StopFlag stop;
  Execution execution;
  execution.threads = 2;
  execution.stop = &stop;
  execution.progress = [&](const ProgressUpdate& update) {
    if (update.done > 0) {
      stop.Stop();
    }
  };
  EXPECT_EQ(ReasonOf(RunJob(CaseSpec("partition"),
                            CaseEnsemble("partition", 40),
                            int64_t{1} << 32,
                            execution)
                         .status()),
            "CANCELLED");
}

}  // namespace
}  // namespace modbound
