#include "core/modules/partition.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/modules/consensus.h"
#include "core/modules/float_products.h"
#include "core/modules/gamma_sweep.h"
#include "core/modules/hierarchy.h"
#include "core/modules/optimiser.h"
#include "core/modules/quality_input.h"
#include "server/analyses/analysis.h"
#include "server/analyses/partition_bytes.h"
#include "server/analyses/partition_outputs.h"
#include "server/analyses/partition_source.h"
#include "server/analyses/plan_estimates.h"
#include "server/analyses/quality_options.h"
#include "server/analyses/registry.h"
#include "server/analyses/square_outputs.h"

namespace modbound {
namespace {

// Units for whose passes another thread is worth its start.
constexpr int64_t kUnitsOfThread = 1024;

// Resolutions: one, or those of a sweep. Fills the default.
absl::Status ResolveGammas(v1::PartitionSpec& spec) {
  if (spec.gammas().empty()) {
    if (!spec.has_gamma()) {
      spec.set_gamma(1);
    }
    return absl::OkStatus();
  }
  if (spec.has_gamma()) {
    return Refuse(reason::kContradiction,
                  "gammas",
                  absl::StrCat("gammas is given, but gamma is ",
                               spec.gamma(),
                               "; allowed: one of them"));
  }
  if (spec.hierarchy()) {
    return Refuse(reason::kContradiction,
                  "hierarchy",
                  "hierarchy is true, but gammas is given; allowed: one of "
                  "them");
  }
  return absl::OkStatus();
}

absl::Status CheckSpec(const PartitionSource& source,
                       const InputInfos& inputs,
                       const v1::PartitionSpec& spec) {
  MODBOUND_RETURN_IF_ERROR(
      CheckOutputNames(spec.outputs(), {"agreement", "similarity"}));
  MODBOUND_RETURN_IF_ERROR(CheckSource(source, inputs, spec));
  if (source.is_given) {
    MODBOUND_RETURN_IF_ERROR(CheckWeights(
        *source.info, spec.quality(), spec.directed(), "inputs.matrix"));
  }
  return CheckNullMatrix(inputs, spec.quality(), spec.directed());
}

Algorithm AlgorithmOf(v1::Algorithm::Name name) {
  switch (name) {
    case v1::Algorithm::LEIDEN:
      return Algorithm::kLeiden;
    case v1::Algorithm::ITERATED:
      return Algorithm::kIterated;
    default:
      return Algorithm::kLouvain;
  }
}

// Of a run of the spec's algorithm, and of those of the consensus.
int64_t WorkBytes(const PartitionSource& source,
                  const v1::PartitionSpec& spec) {
  const int64_t units = std::max<int64_t>(source.units, 0);
  const int64_t of_runs =
      OptimiserWorkBytes(AlgorithmOf(spec.algorithm()), units);
  return spec.consensus() == v1::Consensus::NONE
             ? of_runs
             : std::max(of_runs, OptimiserWorkBytes(Algorithm::kLeiden, units));
}

absl::StatusOr<Plan> PlanPartition(v1::Spec& spec, const InputInfos& inputs) {
  v1::PartitionSpec& partition = *spec.mutable_partition();
  MODBOUND_RETURN_IF_ERROR(ResolveGammas(partition));
  MODBOUND_ASSIGN_OR_RETURN(const PartitionSource source,
                            ResolveSource(inputs, partition));
  MODBOUND_RETURN_IF_ERROR(CheckSpec(source, inputs, partition));
  const int64_t runs = partition.runs();
  // Passes over many units are in parallel too.
  const int64_t items = partition.consensus() == v1::Consensus::NONE
                            ? runs
                            : std::max(runs, kConsensusRuns);
  const int64_t work = WorkBytes(source, partition);
  Plan plan;
  plan.outputs = PlanPartitionOutputs(source.is_given, source.units, partition);
  plan.max_threads = ThreadsFor(std::max(items, source.units / kUnitsOfThread));
  plan.memory_bytes = BytesOf(PartitionBytes(inputs, source, partition) +
                              (items == 1 ? static_cast<double>(work) : 0));
  plan.thread_bytes = items == 1 ? 0 : work;
  return plan;
}

ConsensusMethod ConsensusMethodOf(v1::Consensus::Method method) {
  switch (method) {
    case v1::Consensus::NONE:
      return ConsensusMethod::kNone;
    case v1::Consensus::THRESHOLD:
      return ConsensusMethod::kThreshold;
    default:
      return ConsensusMethod::kExpected;
  }
}

PartitionOptions OptionsOf(const v1::PartitionSpec& spec, DTypeEnum dtype) {
  PartitionOptions options;
  options.quality = QualityOptionsOf(spec, dtype);
  options.algorithm = AlgorithmOf(spec.algorithm());
  options.runs = spec.runs();
  options.consensus = ConsensusMethodOf(spec.consensus());
  options.tau = spec.tau();
  options.include_silent = spec.include_silent();
  options.seed = spec.seed();
  return options;
}

// Of the one gamma, or of each of a sweep. Takes the matrix when it is needed
// no more.
absl::StatusOr<std::vector<PartitionResult>> FindPartitions(
    SimilarityMatrix& matrix,
    const v1::PartitionSpec& spec,
    const PartitionOptions& options,
    const Matrix* null_matrix,
    const Execution& execution) {
  if (!spec.gammas().empty()) {
    return GammaSweep(std::move(matrix.values),
                      matrix.valid,
                      options,
                      {spec.gammas().begin(), spec.gammas().end()},
                      execution,
                      null_matrix);
  }
  MODBOUND_ASSIGN_OR_RETURN(
      PartitionResult result,
      Partition(spec.hierarchy() ? matrix.values : std::move(matrix.values),
                matrix.valid,
                options,
                execution,
                null_matrix));
  std::vector<PartitionResult> results;
  results.push_back(std::move(result));
  return results;
}

absl::Status AddModules(SimilarityMatrix matrix,
                        const v1::PartitionSpec& spec,
                        const PartitionOptions& options,
                        const Matrix* null_matrix,
                        const Execution& execution,
                        Outcome& outcome) {
  MODBOUND_ASSIGN_OR_RETURN(
      const std::vector<PartitionResult> results,
      FindPartitions(matrix, spec, options, null_matrix, execution));
  MODBOUND_RETURN_IF_ERROR(AddPartitions(results, spec, execution, outcome));
  if (spec.hierarchy()) {
    MODBOUND_ASSIGN_OR_RETURN(
        const std::vector<Labels> levels,
        Hierarchy(
            matrix.values, results[0].labels, options, execution, null_matrix));
    outcome.outputs["hierarchy"] = HierarchyArray(levels);
  }
  return absl::OkStatus();
}

// P of CUSTOM.
std::optional<Matrix> NullMatrixOf(const InputArrays& inputs) {
  const auto found = inputs.find("null_matrix");
  return found == inputs.end() ? std::nullopt
                               : std::make_optional(found->second.ToMatrix());
}

// Partitions N x N doubles; adds the similarity to what leaves.
absl::Status AddModulesOfMatrix(const v1::PartitionSpec& spec,
                                const InputArrays& inputs,
                                const PartitionOptions& options,
                                const Execution& execution,
                                Outcome& outcome) {
  MODBOUND_ASSIGN_OR_RETURN(SimilarityMatrix matrix,
                            MatrixToPartition(spec, inputs, execution));
  const std::optional<Matrix> null_matrix = NullMatrixOf(inputs);
  const bool is_given = spec.similarity() == v1::Similarity::GIVEN;
  if (MakesSimilarity(is_given, matrix.values.rows(), spec)) {
    outcome.outputs["similarity"] =
        HostArray::FromMatrix(matrix.values, {"unit", "unit"});
  }
  return AddModules(std::move(matrix),
                    spec,
                    options,
                    null_matrix ? &*null_matrix : nullptr,
                    execution,
                    outcome);
}

// Of a given matrix, whose buffer is used up.
template <typename Scalar>
absl::StatusOr<PartitionResult> PartitionGiven(std::shared_ptr<Scalar> values,
                                               const InputInfo& info,
                                               const PartitionOptions& options,
                                               const Execution& execution,
                                               const Matrix* null_matrix) {
  StoredWeights<Scalar> weights;
  weights.values = std::move(values);
  weights.size = info.shape[0];
  // The plan has refused what is not finite, symmetric, or in range.
  weights.checked = info.facts.has_value() && null_matrix == nullptr;
  weights.symmetric = IsSymmetric(info);
  return Partition(std::move(weights), {}, options, execution, null_matrix);
}

// The partition of what is needed once.
absl::StatusOr<PartitionResult> PartitionInPlace(
    const v1::PartitionSpec& spec,
    const PartitionSource& source,
    InputArrays inputs,
    const PartitionOptions& options,
    const Execution& execution) {
  const PartitionEngine engine = EngineOf(source, spec);
  if (engine == PartitionEngine::kDoubles) {
    const std::optional<Matrix> null_matrix = NullMatrixOf(inputs);
    return PartitionGiven(std::move(inputs.at("matrix")).TakeDoubles(),
                          *source.info,
                          options,
                          execution,
                          null_matrix ? &*null_matrix : nullptr);
  }
  if (engine == PartitionEngine::kFloats) {
    return PartitionGiven(std::move(inputs.at("matrix")).TakeFloats(),
                          *source.info,
                          options,
                          execution,
                          nullptr);
  }
  MODBOUND_ASSIGN_OR_RETURN(SimilarityRows rows,
                            RowsToPartition(spec, inputs, execution));
  if (engine == PartitionEngine::kFactor) {
    return Partition(std::move(rows), options, execution);
  }
  MODBOUND_ASSIGN_OR_RETURN(StoredWeights<float> weights,
                            FloatProducts(std::move(rows), execution));
  return Partition(std::move(weights), {}, options, execution);
}

absl::Status AddModulesOfSource(const v1::PartitionSpec& spec,
                                const PartitionSource& source,
                                InputArrays inputs,
                                const Execution& execution,
                                Outcome& outcome) {
  const bool is_matrix = EngineOf(source, spec) == PartitionEngine::kMatrix;
  const PartitionOptions options = OptionsOf(
      spec,
      source.is_given || !is_matrix ? source.info->dtype : v1::DType::FLOAT64);
  if (is_matrix) {
    return AddModulesOfMatrix(spec, inputs, options, execution, outcome);
  }
  MODBOUND_ASSIGN_OR_RETURN(
      PartitionResult result,
      PartitionInPlace(spec, source, std::move(inputs), options, execution));
  std::vector<PartitionResult> results;
  results.push_back(std::move(result));
  return AddPartitions(results, spec, execution, outcome);
}

absl::StatusOr<Outcome> RunPartition(const v1::Spec& spec,
                                     InputArrays inputs,
                                     const InputInfos& infos,
                                     const Execution& execution) {
  v1::PartitionSpec partition = spec.partition();
  MODBOUND_ASSIGN_OR_RETURN(const PartitionSource source,
                            ResolveSource(infos, partition));
  Outcome outcome;
  const absl::Status status = AddModulesOfSource(
      partition, source, std::move(inputs), execution, outcome);
  if (!status.ok()) {
    // A similarity computed here is no input.
    return source.is_given ? status : AsQualityError(status);
  }
  return outcome;
}

}  // namespace

Analysis PartitionAnalysis() {
  Analysis analysis;
  analysis.kind = "partition";
  analysis.inputs = {
      {.name = "matrix",
       .axes = {"N", "K"},
       .comment = "Weights (N, N), symmetric unless directed; with another "
                  "similarity than GIVEN, its rows are compared. This or "
                  "activity.",
       .optional = true},
      {.name = "activity",
       .axes = {"T", "N"},
       .comment = "Activity of units over time, whose columns are compared. "
                  "This or matrix.",
       .optional = true,
       .steps = true},
      {.name = "null_matrix",
       .axes = {"N", "N"},
       .comment = "P of CUSTOM.",
       .optional = true}};
  analysis.outputs = {
      {"labels",
       {"unit"},
       v1::DType::INT32,
       "Modules, -1 = silent. Of a sweep, as run_labels, run_quality and "
       "agreement, with a leading axis gamma."},
      {"run_labels",
       {"run", "unit"},
       v1::DType::INT32,
       "Modules that each run found."},
      {"run_quality", {"run"}, v1::DType::FLOAT64, "Quality of each run."},
      {"agreement",
       {"unit", "unit"},
       v1::DType::INT32,
       "Runs that put both units together; diagonal 0."},
      {"similarity",
       {"unit", "unit"},
       v1::DType::FLOAT64,
       "Similarity computed here, unit diagonal kept."},
      {"quality", {"gamma"}, v1::DType::FLOAT64, "Of a sweep: Q of labels."},
      {"num_modules", {"gamma"}, v1::DType::INT32, "Of a sweep: modules."},
      {"run_vi",
       {"gamma"},
       v1::DType::FLOAT64,
       "Of a sweep: mean VI / ln n between runs, 0 = all equal."},
      {"hierarchy",
       {"level", "unit"},
       v1::DType::INT32,
       "With hierarchy: labels of each level, the finest last."}};
  analysis.example_spec = R"({"runs": 100, "consensus": "EXPECTED"})";
  analysis.plan = PlanPartition;
  analysis.run_owned = RunPartition;
  return analysis;
}

}  // namespace modbound
