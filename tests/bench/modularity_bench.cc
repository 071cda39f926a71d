// One run of each optimiser, and the steps of a partition around it, on
// correlations of n units: each one of 8 factors and four times as much noise,
// over 300 samples. Q of the runs is a counter. One thread.
#include "benchmark/benchmark.h"
#include "core/base/check.h"
#include "core/base/random.h"
#include "core/modules/aggregate.h"
#include "core/modules/consensus.h"
#include "core/modules/local_moves.h"
#include "core/modules/optimiser.h"
#include "core/modules/partition.h"
#include "core/modules/quality.h"

namespace modbound {
namespace {

Matrix FactorMatrix(Eigen::Index nodes) {
  constexpr Eigen::Index kSamples = 300;
  constexpr uint64_t kFactors = 8;
  RandomStream random(0, RandomPurpose::kControlUnits, 0);
  Matrix shared(kFactors, kSamples);
  for (double& value : shared.reshaped<Eigen::RowMajor>()) {
    value = random.Normal();
  }
  Matrix rows(nodes, kSamples);
  for (Eigen::Index i = 0; i < nodes; ++i) {
    const auto factor = static_cast<Eigen::Index>(random.Index(kFactors));
    for (Eigen::Index t = 0; t < kSamples; ++t) {
      rows(i, t) = shared(factor, t) + 4 * random.Normal();
    }
    rows.row(i).array() -= rows.row(i).mean();
    rows.row(i).normalize();
  }
  Matrix weights = rows * rows.transpose();
  weights.triangularView<Eigen::StrictlyLower>() = weights.transpose();
  weights.diagonal().setZero();
  return weights;
}

ModularityProblem FactorProblem(Eigen::Index nodes) {
  return ModularityProblem::Make(FactorMatrix(nodes), QualityOptions()).value();
}

// Each iteration from other random orders.
void RunOptimiser(benchmark::State& state, Algorithm algorithm) {
  const ModularityProblem problem = FactorProblem(state.range(0));
  double sum = 0;
  uint64_t run = 0;
  for (auto _ : state) {
    sum += Optimise(problem,
                    algorithm,
                    RandomStream(0, RandomPurpose::kOptimiserRun, run++),
                    Execution())
               ->quality;
  }
  MODBOUND_CHECK(sum > 0);
  state.counters["mean_Q"] = sum / static_cast<double>(run);
}
BENCHMARK_CAPTURE(RunOptimiser, louvain, Algorithm::kLouvain)
    ->Arg(64)
    ->Arg(500)
    ->Arg(1000)
    ->Arg(2000)
    ->Arg(4000);
BENCHMARK_CAPTURE(RunOptimiser, leiden, Algorithm::kLeiden)
    ->Arg(64)
    ->Arg(500)
    ->Arg(1000)
    ->Arg(2000);
BENCHMARK_CAPTURE(RunOptimiser, iterated, Algorithm::kIterated)
    ->Arg(64)
    ->Arg(500)
    ->Arg(1000)
    ->Arg(2000);

// Checks, strengths, weights.
void MakeProblem(benchmark::State& state) {
  const Matrix weights = FactorMatrix(state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        ModularityProblem::Make(weights, QualityOptions()));
  }
}
BENCHMARK(MakeProblem)->Arg(1000)->Arg(2000)->Arg(4000);

// Moves of single units from singletons until none gains.
void MoveNodes(benchmark::State& state) {
  const ModularityProblem problem = FactorProblem(state.range(0));
  uint64_t run = 0;
  for (auto _ : state) {
    LocalMoves moves(problem);
    RandomStream stream(0, RandomPurpose::kOptimiserRun, run++);
    MODBOUND_CHECK(*moves.Run(stream, Execution()));
  }
}
BENCHMARK(MoveNodes)->Arg(1000)->Arg(2000)->Arg(4000);

// Modules of 8 as nodes.
void AggregateModules(benchmark::State& state) {
  const ModularityProblem problem = FactorProblem(state.range(0));
  Labels labels;
  for (int64_t i = 0; i < problem.size(); ++i) {
    labels.push_back(static_cast<int32_t>(i % 8));
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(AggregateProblem(problem, labels, 8));
  }
}
BENCHMARK(AggregateModules)->Arg(1000)->Arg(2000)->Arg(4000);

// All of it, 100 runs and the consensus.
void PartitionRunsAndConsensus(benchmark::State& state) {
  const Matrix weights = FactorMatrix(state.range(0));
  for (auto _ : state) {
    const auto result = Partition(weights, {}, PartitionOptions(), Execution());
    MODBOUND_CHECK(result->quality > 0);
  }
}
BENCHMARK(PartitionRunsAndConsensus)->Arg(36)->Arg(500);

void AgreementOfOneRun(benchmark::State& state) {
  const Labels labels(static_cast<std::size_t>(state.range(0)), 0);
  for (auto _ : state) {
    CountMatrix counts = CountMatrix::Zero(state.range(0), state.range(0));
    MODBOUND_CHECK(AddAgreementCounts({labels}, Execution(), counts).ok());
    benchmark::DoNotOptimize(counts.data());
  }
}
BENCHMARK(AgreementOfOneRun)->Arg(1000)->Arg(2000)->Arg(4000);

}  // namespace
}  // namespace modbound

BENCHMARK_MAIN();
