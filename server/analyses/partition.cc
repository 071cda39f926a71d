#include "core/modules/partition.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/modules/consensus.h"
#include "core/modules/louvain.h"
#include "core/modules/similarity.h"
#include "server/analyses/analysis.h"
#include "server/analyses/quality_options.h"
#include "server/analyses/registry.h"
#include "server/analyses/square_outputs.h"

namespace modbound {
namespace {

using SimilarityWord = v1::Similarity;

// matrix or activity, one of them; GIVEN goes with matrix, the others with
// activity. Fills the default.
absl::Status ResolveSimilarity(const InputInfos& inputs,
                               v1::PartitionSpec& spec) {
  const bool has_matrix = inputs.count("matrix") > 0;
  if (has_matrix == (inputs.count("activity") > 0)) {
    return has_matrix ? Refuse(reason::kContradiction,
                               "inputs.activity",
                               "matrix and activity are both given; allowed: "
                               "one of them")
                      : Refuse(reason::kMissingField,
                               "inputs.matrix",
                               "neither matrix nor activity is given; one of "
                               "them must be");
  }
  if (!spec.has_similarity()) {
    spec.set_similarity(has_matrix ? SimilarityWord::GIVEN
                                   : SimilarityWord::CORRELATION);
  }
  if (has_matrix != (spec.similarity() == SimilarityWord::GIVEN)) {
    return Refuse(reason::kContradiction,
                  "similarity",
                  has_matrix ? "similarity is computed from activity, but "
                               "matrix is given; allowed: GIVEN"
                             : "similarity is GIVEN, but activity is given; "
                               "allowed: CORRELATION, COSINE, HAMMING");
  }
  return absl::OkStatus();
}

// What only the values can say.
absl::Status CheckValues(const InputInfos& inputs,
                         const v1::PartitionSpec& spec) {
  const bool has_matrix = inputs.count("matrix") > 0;
  const std::string field = has_matrix ? "inputs.matrix" : "inputs.activity";
  const InputInfo& info = inputs.at(has_matrix ? "matrix" : "activity");
  if (has_matrix) {
    MODBOUND_RETURN_IF_ERROR(
        CheckWeights(info, spec.quality(), spec.directed(), field));
  }
  MODBOUND_RETURN_IF_ERROR(
      CheckNullMatrix(inputs, spec.quality(), spec.directed()));
  if (info.shape[1] == 1) {
    return Refuse(reason::kDegenerate,
                  field,
                  field + " has one unit; a partition needs at least 2");
  }
  if (!has_matrix && info.shape[0] == 1) {
    return Refuse(reason::kDegenerate,
                  field,
                  field + " has one time point; a similarity needs at least 2");
  }
  const bool is_zero = info.facts.has_value() && info.facts->finite() &&
                       info.facts->min() == info.facts->max() &&
                       (!has_matrix || info.facts->min() == 0);
  if (is_zero) {
    return Refuse(reason::kDegenerate,
                  field,
                  field + (has_matrix ? " is all zero: every unit is silent"
                                      : " is constant: every unit is silent"));
  }
  return absl::OkStatus();
}

// One a run, as long as what they work in stays below 4 GiB in all; two always.
int MaxThreads(int64_t runs, int64_t units) {
  constexpr int64_t kWorkLimit = int64_t{4} << 30;
  const int64_t affordable =
      kWorkLimit / std::max<int64_t>(1, LouvainWorkBytes(units));
  return static_cast<int>(
      std::min(runs, std::clamp<int64_t>(affordable, 2, 64)));
}

absl::StatusOr<Plan> PlanPartition(v1::Spec& spec, const InputInfos& inputs) {
  v1::PartitionSpec& partition = *spec.mutable_partition();
  MODBOUND_RETURN_IF_ERROR(ResolveSimilarity(inputs, partition));
  MODBOUND_RETURN_IF_ERROR(
      CheckOutputNames(partition.outputs(), {"agreement", "similarity"}));
  MODBOUND_RETURN_IF_ERROR(CheckValues(inputs, partition));
  const bool has_matrix = inputs.count("matrix") > 0;
  const InputInfo& info = inputs.at(has_matrix ? "matrix" : "activity");
  const int64_t N = info.shape[1];
  const int64_t runs = partition.runs();
  Plan plan;
  plan.outputs = {{"labels", v1::DType::INT32, {N}, {"unit"}},
                  {"run_labels", v1::DType::INT32, {runs, N}, {"run", "unit"}},
                  {"run_quality", v1::DType::FLOAT64, {runs}, {"run"}}};
  if (MakesSquareOutput(N, partition.outputs(), "agreement")) {
    plan.outputs.push_back(
        {"agreement", v1::DType::INT32, {N, N}, {"unit", "unit"}});
  }
  if (!has_matrix && MakesSquareOutput(N, partition.outputs(), "similarity")) {
    plan.outputs.push_back(
        {"similarity", v1::DType::FLOAT64, {N, N}, {"unit", "unit"}});
  }
  const int64_t units = std::max<int64_t>(N, 0);
  plan.max_threads = MaxThreads(runs, units);
  // Input and its copy, problem, agreement, outputs; what each run works in.
  const double n = static_cast<double>(units);
  const double t = static_cast<double>(std::max<int64_t>(info.shape[0], 0));
  plan.memory_bytes = static_cast<int64_t>(
      std::min(8 * (2 * t * n +
                    (6.0 + (inputs.count("null_matrix") > 0 ? 2 : 0)) * n * n) +
                   static_cast<double>(plan.max_threads) *
                       static_cast<double>(LouvainWorkBytes(units)) +
                   8.0 * static_cast<double>(runs) * n,
               9e18));
  return plan;
}

absl::StatusOr<SimilarityMatrix> ComputeSimilarity(
    SimilarityWord::Measure measure,
    const Matrix& activity,
    const Execution& execution) {
  switch (measure) {
    case SimilarityWord::COSINE:
      return CosineOfColumns(activity, execution);
    case SimilarityWord::HAMMING:
      return HammingOfColumns(activity, execution);
    default:
      return CorrelationOfColumns(activity, execution);
  }
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

HostArray RunLabelsArray(const std::vector<Labels>& runs, int64_t N) {
  std::vector<int32_t> flat;
  flat.reserve(runs.size() * static_cast<std::size_t>(N));
  for (const Labels& run : runs) {
    flat.insert(flat.end(), run.begin(), run.end());
  }
  return HostArray::FromInts(
      flat, {static_cast<int64_t>(runs.size()), N}, {"run", "unit"});
}

void FillSummary(const PartitionResult& result, v1::PartitionSummary& summary) {
  summary.set_quality(result.quality);
  summary.set_num_modules(static_cast<int64_t>(result.module_sizes.size()));
  summary.mutable_module_sizes()->Assign(result.module_sizes.begin(),
                                         result.module_sizes.end());
  summary.mutable_excluded_units()->Assign(result.excluded_units.begin(),
                                           result.excluded_units.end());
  summary.set_best_run_quality(result.run_quality.maxCoeff());
  summary.set_mean_run_quality(result.run_quality.mean());
}

absl::StatusOr<Outcome> RunPartition(const v1::Spec& spec,
                                     const InputArrays& inputs,
                                     const Execution& execution) {
  const v1::PartitionSpec& partition = spec.partition();
  const bool has_matrix = inputs.count("matrix") > 0;
  const HostArray& input = inputs.at(has_matrix ? "matrix" : "activity");
  SimilarityMatrix similarity;
  if (has_matrix) {
    similarity.values = input.ToMatrix();
  } else {
    MODBOUND_ASSIGN_OR_RETURN(
        similarity,
        ComputeSimilarity(partition.similarity(), input.ToMatrix(), execution));
    if (std::find(similarity.valid.begin(), similarity.valid.end(), 1) ==
        similarity.valid.end()) {
      return Refuse(reason::kDegenerate,
                    "inputs.activity",
                    "every unit of inputs.activity is constant: every unit is "
                    "silent");
    }
  }
  PartitionOptions options;
  options.quality = QualityOptionsOf(
      partition, has_matrix ? input.dtype() : v1::DType::FLOAT64);
  options.runs = partition.runs();
  options.consensus = ToCore(partition.consensus());
  options.tau = partition.tau();
  options.include_silent = partition.include_silent();
  options.seed = partition.seed();
  const Matrix null_matrix = inputs.count("null_matrix") > 0
                                 ? inputs.at("null_matrix").ToMatrix()
                                 : Matrix();
  const int64_t N = similarity.values.rows();
  Outcome outcome;
  if (!has_matrix && MakesSquareOutput(N, partition.outputs(), "similarity")) {
    outcome.outputs["similarity"] =
        HostArray::FromMatrix(similarity.values, {"unit", "unit"});
  }
  MODBOUND_ASSIGN_OR_RETURN(
      const PartitionResult result,
      Partition(std::move(similarity.values),
                std::move(similarity.valid),
                options,
                execution,
                null_matrix.size() > 0 ? &null_matrix : nullptr));
  FillSummary(result, *outcome.summary.mutable_partition());
  outcome.outputs["labels"] = HostArray::FromLabels(result.labels, {"unit"});
  outcome.outputs["run_labels"] = RunLabelsArray(result.run_labels, N);
  outcome.outputs["run_quality"] =
      HostArray::FromVector(result.run_quality, {"run"});
  if (MakesSquareOutput(N, partition.outputs(), "agreement")) {
    const auto counts = AgreementCounts(result.run_labels);
    outcome.outputs["agreement"] =
        HostArray::FromInts({counts.data(), counts.data() + counts.size()},
                            {N, N},
                            {"unit", "unit"});
  }
  return outcome;
}

}  // namespace

Analysis PartitionAnalysis() {
  Analysis analysis;
  analysis.kind = "partition";
  analysis.inputs = {
      {.name = "matrix",
       .axes = {"N", "N"},
       .comment = "Weights; symmetric unless directed. This or activity.",
       .optional = true},
      {.name = "activity",
       .axes = {"T", "N"},
       .comment = "Activity of units over time. This or matrix.",
       .optional = true},
      {.name = "null_matrix",
       .axes = {"N", "N"},
       .comment = "P of CUSTOM.",
       .optional = true}};
  analysis.outputs = {
      {"labels", {"unit"}, v1::DType::INT32, "Modules, -1 = silent."},
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
       "Similarity computed from activity, unit diagonal kept."}};
  analysis.example_spec = R"({"runs": 100, "consensus": "EXPECTED"})";
  analysis.plan = PlanPartition;
  analysis.run = RunPartition;
  return analysis;
}

}  // namespace modbound
