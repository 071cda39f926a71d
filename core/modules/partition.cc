#include "core/modules/partition.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/modules/chosen_units.h"
#include "core/modules/factor_problem.h"
#include "core/modules/labels.h"
#include "core/modules/quality_input.h"
#include "core/modules/stored_problem.h"

namespace modbound {
namespace {

absl::Status CheckOptions(const PartitionOptions& options) {
  if (options.runs < 1) {
    return Refuse(
        reason::kOutOfRange,
        "runs",
        "runs is " + std::to_string(options.runs) + "; allowed: >= 1");
  }
  if (!(options.tau >= 0 && options.tau <= 1)) {
    return Refuse(
        reason::kOutOfRange,
        "tau",
        "tau is " + std::to_string(options.tau) + "; allowed: 0 to 1");
  }
  return absl::OkStatus();
}

// Labels and qualities of runs, without a second copy of the labels.
struct RunTable {
  std::vector<Labels> labels;
  Vector quality;
  std::size_t best = 0;
};

RunTable TableOf(std::vector<PartitionRun> runs) {
  RunTable table;
  table.quality.resize(static_cast<Eigen::Index>(runs.size()));
  table.best = static_cast<std::size_t>(BestRun(runs));
  for (PartitionRun& run : runs) {
    table.quality[static_cast<Eigen::Index>(table.labels.size())] = run.quality;
    table.labels.push_back(std::move(run.labels));
  }
  return table;
}

// The partition that runs become, and its quality.
struct UnitedRuns {
  ConsensusPartition partition;
  double quality = 0;
};

absl::StatusOr<UnitedRuns> Unite(const ModularityProblem& problem,
                                 const RunTable& runs,
                                 const PartitionOptions& options,
                                 const Execution& execution) {
  UnitedRuns united;
  united.partition.labels = runs.labels[runs.best];
  united.quality = runs.quality[static_cast<Eigen::Index>(runs.best)];
  if (options.consensus == ConsensusMethod::kNone) {
    return united;
  }
  ConsensusOptions consensus;
  consensus.method = options.consensus;
  consensus.tau = options.tau;
  consensus.seed = options.seed;
  MODBOUND_ASSIGN_OR_RETURN(united.partition,
                            Consensus(runs.labels, consensus, execution));
  MODBOUND_ASSIGN_OR_RETURN(
      const std::vector<double> quality,
      problem.Qualities({united.partition.labels}, execution));
  united.quality = quality[0];
  return united;
}

// What the silent units add to the quality, each in a module of its own.
double QualityOfSilent(const std::vector<int64_t>& silent,
                       const ModularityProblem& problem,
                       const QualityOptions& options,
                       const Matrix* null_matrix) {
  double quality = problem.zero_unit() * static_cast<double>(silent.size());
  if (options.function == QualityFunction::kCustom) {
    for (const int64_t unit : silent) {
      quality -= options.gamma * (*null_matrix)(unit, unit);
    }
  }
  return quality;
}

// The partition of n units, of which those of the problem are partitioned.
absl::StatusOr<PartitionResult> PartitionUnits(const UnitsProblem& of,
                                               int64_t n,
                                               const PartitionOptions& options,
                                               const Execution& execution,
                                               const Matrix* null_matrix) {
  const ModularityProblem& problem = of.problem;
  MODBOUND_ASSIGN_OR_RETURN(std::vector<PartitionRun> found,
                            PartitionRuns(problem,
                                          options.algorithm,
                                          options.runs,
                                          options.seed,
                                          RandomPurpose::kOptimiserRun,
                                          0,
                                          execution));
  RunTable runs = TableOf(std::move(found));
  MODBOUND_ASSIGN_OR_RETURN(const UnitedRuns united,
                            Unite(problem, runs, options, execution));
  const Labels& labels = united.partition.labels;
  PartitionResult result;
  result.quality = united.quality;
  result.consensus_rounds = united.partition.rounds;
  result.consensus_partitions = united.partition.distinct;
  result.labels = ScatterLabels(labels, of.units, n);
  result.module_sizes = ModuleSizes(labels);
  result.excluded_units = ExcludedUnits(result.labels);
  result.quality_all_units =
      result.quality +
      QualityOfSilent(
          result.excluded_units, problem, options.quality, null_matrix);
  for (Labels& run : runs.labels) {
    run = ScatterLabels(run, of.units, n);
  }
  result.run_labels = std::move(runs.labels);
  result.run_quality = std::move(runs.quality);
  return result;
}

}  // namespace

absl::StatusOr<PartitionResult> Partition(Matrix weights,
                                          std::vector<uint8_t> valid,
                                          const PartitionOptions& options,
                                          const Execution& execution,
                                          const Matrix* null_matrix) {
  MODBOUND_RETURN_IF_ERROR(CheckOptions(options));
  // Here: what is stored is square.
  MODBOUND_RETURN_IF_ERROR(
      CheckQualityInput(weights, options.quality, null_matrix, execution));
  StoredWeights<double> stored = StoredWeightsOf(std::move(weights));
  stored.checked = true;
  return Partition(
      std::move(stored), std::move(valid), options, execution, null_matrix);
}

template <typename Scalar>
absl::StatusOr<PartitionResult> Partition(StoredWeights<Scalar> weights,
                                          std::vector<uint8_t> valid,
                                          const PartitionOptions& options,
                                          const Execution& execution,
                                          const Matrix* null_matrix) {
  MODBOUND_RETURN_IF_ERROR(CheckOptions(options));
  const int64_t n = weights.size;
  MODBOUND_ASSIGN_OR_RETURN(
      const UnitsProblem problem,
      MakeStoredProblem(std::move(weights),
                        options.quality,
                        {std::move(valid), options.include_silent},
                        null_matrix,
                        execution));
  return PartitionUnits(problem, n, options, execution, null_matrix);
}

template absl::StatusOr<PartitionResult> Partition(StoredWeights<double>,
                                                   std::vector<uint8_t>,
                                                   const PartitionOptions&,
                                                   const Execution&,
                                                   const Matrix*);
template absl::StatusOr<PartitionResult> Partition(StoredWeights<float>,
                                                   std::vector<uint8_t>,
                                                   const PartitionOptions&,
                                                   const Execution&,
                                                   const Matrix*);

absl::StatusOr<PartitionResult> Partition(SimilarityRows rows,
                                          const PartitionOptions& options,
                                          const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckOptions(options));
  const int64_t n = rows.Z.rows();
  MODBOUND_ASSIGN_OR_RETURN(std::vector<int64_t> units,
                            ChooseUnits(rows.valid, options.include_silent));
  MODBOUND_ASSIGN_OR_RETURN(
      ModularityProblem problem,
      MakeFactorProblem(std::move(rows), units, options.quality, execution));
  return PartitionUnits(
      {std::move(problem), std::move(units)}, n, options, execution, nullptr);
}

absl::StatusOr<Labels> ModulesOf(const SimilarityMatrix& similarity,
                                 const PartitionOptions& options,
                                 const Execution& execution) {
  if (std::find(similarity.valid.begin(), similarity.valid.end(), 1) ==
      similarity.valid.end()) {
    return Labels(similarity.valid.size(), -1);
  }
  absl::StatusOr<PartitionResult> result =
      Partition(similarity.values, similarity.valid, options, execution);
  if (!result.ok()) {
    return AsQualityError(result.status());
  }
  return std::move(result->labels);
}

}  // namespace modbound
