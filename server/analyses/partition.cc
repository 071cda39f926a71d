#include "core/modules/partition.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/modules/consensus.h"
#include "core/modules/gamma_sweep.h"
#include "core/modules/hierarchy.h"
#include "core/modules/optimiser.h"
#include "core/modules/quality_input.h"
#include "server/analyses/analysis.h"
#include "server/analyses/partition_outputs.h"
#include "server/analyses/partition_source.h"
#include "server/analyses/plan_estimates.h"
#include "server/analyses/quality_options.h"
#include "server/analyses/registry.h"
#include "server/analyses/square_outputs.h"

namespace modbound {
namespace {

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

Algorithm ToCore(v1::Algorithm::Name name) {
  switch (name) {
    case v1::Algorithm::LEIDEN:
      return Algorithm::kLeiden;
    case v1::Algorithm::ITERATED:
      return Algorithm::kIterated;
    default:
      return Algorithm::kLouvain;
  }
}

// Bytes besides what each run works in.
double SharedBytes(const InputInfos& inputs,
                   const PartitionSource& source,
                   const v1::PartitionSpec& spec) {
  const auto n = static_cast<double>(std::max<int64_t>(source.units, 0));
  const double elements = ElementsOf(inputs, source.name);
  // The input as doubles; to compare units, once more with a unit a row.
  double bytes =
      InputBytes(inputs, source.name) + (source.is_given ? 8 : 16) * elements;
  // A computed similarity, and its copy that leaves. What is partitioned is
  // made of the one before in place; then either cut to the active units or
  // beside the agreement that a consensus partitions.
  bytes += source.is_given ? 0 : 8 * n * n;
  bytes += MakesSimilarity(source.is_given, source.units, spec) ? 8 * n * n : 0;
  bytes += 8 * n * n;
  // A copy for the gammas to come, or for the modules, of which one is cut out
  // and weighted.
  bytes += spec.gammas().empty() ? 0 : 8 * n * n;
  bytes += spec.hierarchy() ? 24 * n * n : 0;
  // As doubles, cut, symmetric.
  bytes += InputBytes(inputs, "null_matrix") +
           24 * ElementsOf(inputs, "null_matrix");
  const double gammas = std::max(1, spec.gammas_size());
  // One agreement takes the place of what was partitioned.
  if (!spec.gammas().empty() && MakesAgreement(source.units, spec)) {
    bytes += 4 * gammas * n * n;
  }
  // Labels of runs, and their groups or the array that leaves.
  return bytes + 8.0 * gammas * spec.runs() * n;
}

absl::StatusOr<Plan> PlanPartition(v1::Spec& spec, const InputInfos& inputs) {
  v1::PartitionSpec& partition = *spec.mutable_partition();
  MODBOUND_RETURN_IF_ERROR(ResolveGammas(partition));
  MODBOUND_ASSIGN_OR_RETURN(const PartitionSource source,
                            ResolveSource(inputs, partition));
  MODBOUND_RETURN_IF_ERROR(CheckSpec(source, inputs, partition));
  const int64_t runs = partition.runs();
  Plan plan;
  plan.outputs = PlanPartitionOutputs(source.is_given, source.units, partition);
  plan.max_threads = ThreadsFor(partition.consensus() == v1::Consensus::NONE
                                    ? runs
                                    : std::max(runs, kConsensusRuns));
  plan.memory_bytes = BytesOf(SharedBytes(inputs, source, partition));
  plan.thread_bytes = OptimiserWorkBytes(ToCore(partition.algorithm()),
                                         std::max<int64_t>(source.units, 0));
  return plan;
}

ConsensusMethod ToCore(v1::Consensus::Method method) {
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
  options.algorithm = ToCore(spec.algorithm());
  options.runs = spec.runs();
  options.consensus = ToCore(spec.consensus());
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

absl::StatusOr<Outcome> RunPartition(const v1::Spec& spec,
                                     const InputArrays& inputs,
                                     const Execution& execution) {
  const v1::PartitionSpec& partition = spec.partition();
  const bool is_given = partition.similarity() == v1::Similarity::GIVEN;
  MODBOUND_ASSIGN_OR_RETURN(SimilarityMatrix matrix,
                            MatrixToPartition(partition, inputs, execution));
  const PartitionOptions options = OptionsOf(
      partition, is_given ? inputs.at("matrix").dtype() : v1::DType::FLOAT64);
  const Matrix null_matrix = inputs.count("null_matrix") > 0
                                 ? inputs.at("null_matrix").ToMatrix()
                                 : Matrix();
  Outcome outcome;
  if (MakesSimilarity(is_given, matrix.values.rows(), partition)) {
    outcome.outputs["similarity"] =
        HostArray::FromMatrix(matrix.values, {"unit", "unit"});
  }
  const absl::Status status =
      AddModules(std::move(matrix),
                 partition,
                 options,
                 null_matrix.size() > 0 ? &null_matrix : nullptr,
                 execution,
                 outcome);
  if (!status.ok()) {
    // A similarity computed here is no input.
    return is_given ? status : AsQualityError(status);
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
  analysis.run = RunPartition;
  return analysis;
}

}  // namespace modbound
