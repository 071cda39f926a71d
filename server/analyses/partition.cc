#include "core/modules/partition.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "core/base/error.h"
#include "core/modules/consensus.h"
#include "core/modules/float_products.h"
#include "core/modules/louvain.h"
#include "core/modules/quality_input.h"
#include "core/modules/similarity.h"
#include "server/analyses/analysis.h"
#include "server/analyses/partition_engine.h"
#include "server/analyses/plan_estimates.h"
#include "server/analyses/quality_options.h"
#include "server/analyses/registry.h"
#include "server/analyses/similarity_word.h"
#include "server/analyses/square_outputs.h"

namespace modbound {
namespace {

using SimilarityWord = v1::Similarity;

// Units for whose passes another thread is worth its start.
constexpr int64_t kUnitsOfThread = 1024;

// The array that is partitioned, or whose similarity is.
struct Source {
  const char* name;
  const InputInfo* info;
  bool is_given;  // partitioned as it is
  int64_t units;  // -1 = not known yet
};

// matrix or activity, one of them; GIVEN goes with a square matrix, the others
// with both. Fills the default.
absl::StatusOr<Source> ResolveSource(const InputInfos& inputs,
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
  const bool is_given = spec.similarity() == SimilarityWord::GIVEN;
  if (!has_matrix && is_given) {
    return Refuse(reason::kContradiction,
                  "similarity",
                  "similarity is GIVEN, but activity is given; allowed: "
                  "CORRELATION, COSINE, HAMMING");
  }
  const char* name = has_matrix ? "matrix" : "activity";
  const InputInfo& info = inputs.at(name);
  return Source{name, &info, is_given, info.shape[has_matrix ? 0 : 1]};
}

absl::Status CheckShape(const Source& source, const InputInfos& inputs) {
  const std::string field = absl::StrCat("inputs.", source.name);
  const std::vector<int64_t>& shape = source.info->shape;
  const bool is_square = shape[0] == shape[1] || shape[0] < 0 || shape[1] < 0;
  if (source.is_given && !is_square) {
    return Refuse(reason::kWrongShape,
                  field,
                  absl::StrCat(field,
                               " has shape ",
                               ShapeText(shape),
                               "; allowed: (N, N), or another similarity than "
                               "GIVEN"));
  }
  const auto null_matrix = inputs.find("null_matrix");
  if (null_matrix != inputs.end() && source.units >= 0 &&
      null_matrix->second.shape[0] >= 0 &&
      null_matrix->second.shape[0] != source.units) {
    return Refuse(reason::kWrongShape,
                  "inputs.null_matrix",
                  absl::StrCat("inputs.null_matrix has shape ",
                               ShapeText(null_matrix->second.shape),
                               "; ",
                               field,
                               " has ",
                               source.units,
                               " units"));
  }
  if (source.units == 1) {
    return Refuse(reason::kDegenerate,
                  field,
                  field + " has one unit; a partition needs at least 2");
  }
  return absl::OkStatus();
}

// What a similarity is not defined for.
absl::Status CheckValues(const Source& source,
                         SimilarityWord::Measure similarity) {
  const std::string field = absl::StrCat("inputs.", source.name);
  const bool is_matrix = source.name == std::string("matrix");
  const std::vector<int64_t>& shape = source.info->shape;
  const bool correlates = similarity == SimilarityWord::CORRELATION;
  if ((!is_matrix || correlates) && shape[is_matrix ? 1 : 0] == 1) {
    return Refuse(reason::kDegenerate,
                  field,
                  field +
                      (is_matrix ? " has one column" : " has one time point") +
                      "; a similarity needs at least 2");
  }
  const auto& facts = source.info->facts;
  if (!facts.has_value() || !facts->finite() || facts->min() != facts->max()) {
    return absl::OkStatus();
  }
  if (!is_matrix || correlates) {
    return Refuse(reason::kDegenerate,
                  field,
                  field + " is constant: every unit is silent");
  }
  if (similarity != SimilarityWord::HAMMING && facts->min() == 0) {
    return Refuse(reason::kDegenerate,
                  field,
                  field + " is all zero: every unit is silent");
  }
  return absl::OkStatus();
}

absl::Status CheckSpec(const Source& source,
                       const InputInfos& inputs,
                       const v1::PartitionSpec& spec) {
  MODBOUND_RETURN_IF_ERROR(
      CheckOutputNames(spec.outputs(), {"agreement", "similarity"}));
  MODBOUND_RETURN_IF_ERROR(CheckShape(source, inputs));
  if (source.is_given) {
    MODBOUND_RETURN_IF_ERROR(CheckWeights(
        *source.info, spec.quality(), spec.directed(), "inputs.matrix"));
  }
  MODBOUND_RETURN_IF_ERROR(
      CheckNullMatrix(inputs, spec.quality(), spec.directed()));
  return CheckValues(source, spec.similarity());
}

bool MakesSimilarity(bool is_given, int64_t N, const OutputNames& wanted) {
  return !is_given && MakesSquareOutput(N, wanted, "similarity");
}

PartitionEngine EngineOf(const Source& source, const v1::PartitionSpec& spec) {
  UnitsToHold units;
  units.similarity = spec.similarity();
  units.quality = spec.quality();
  units.wants_similarity =
      MakesSimilarity(source.is_given, source.units, spec.outputs());
  units.dtype = source.info->dtype;
  units.units = source.units;
  units.values =
      source.info->shape[source.name == std::string("matrix") ? 1 : 0];
  return EngineOf(units);
}

// Bytes of the input and of what is partitioned.
double WeightsBytes(const InputInfos& inputs,
                    const Source& source,
                    const v1::PartitionSpec& spec) {
  const auto n = static_cast<double>(std::max<int64_t>(source.units, 0));
  const double elements = ElementsOf(inputs, source.name);
  const double input = InputBytes(inputs, source.name);
  switch (EngineOf(source, spec)) {
    case PartitionEngine::kFloats:
      return input;
    case PartitionEngine::kFloatProducts:
      // As doubles, then as floats only.
      return input + 20 * elements + 4 * n * n;
    case PartitionEngine::kFactor:
      // As doubles, with a unit a row; then as floats too, with the sums of
      // blocks of units.
      return input + 20 * elements + n * n / 32;
    case PartitionEngine::kDoubles:
      break;
  }
  // The input as doubles; to compare units, once more with a unit a row. A
  // computed similarity, and its copy that leaves. What is partitioned is made
  // of the one before in place; then either cut to the active units or beside
  // the agreement that a consensus partitions.
  const bool copies =
      MakesSimilarity(source.is_given, source.units, spec.outputs());
  return input + (source.is_given ? 8 : 16) * elements +
         8 * n * n * (1 + (source.is_given ? 0 : 1) + (copies ? 1 : 0));
}

// Bytes besides what each run works in.
double SharedBytes(const InputInfos& inputs,
                   const Source& source,
                   const v1::PartitionSpec& spec) {
  const auto n = static_cast<double>(std::max<int64_t>(source.units, 0));
  // The null matrix as doubles, cut, symmetric.
  double bytes = WeightsBytes(inputs, source, spec) +
                 InputBytes(inputs, "null_matrix") +
                 24 * ElementsOf(inputs, "null_matrix");
  if (spec.consensus() != v1::Consensus::NONE &&
      EngineOf(source, spec) != PartitionEngine::kDoubles) {
    bytes += 8.0 * static_cast<double>(kMaxStoredGroups * kMaxStoredGroups);
  }
  // Labels of runs, and their groups or the array that leaves.
  return bytes + 8.0 * spec.runs() * n;
}

absl::StatusOr<Plan> PlanPartition(v1::Spec& spec, const InputInfos& inputs) {
  v1::PartitionSpec& partition = *spec.mutable_partition();
  MODBOUND_ASSIGN_OR_RETURN(const Source source,
                            ResolveSource(inputs, partition));
  MODBOUND_RETURN_IF_ERROR(CheckSpec(source, inputs, partition));
  const int64_t N = source.units;
  const int64_t runs = partition.runs();
  Plan plan;
  plan.outputs = {{"labels", v1::DType::INT32, {N}, {"unit"}},
                  {"run_labels", v1::DType::INT32, {runs, N}, {"run", "unit"}},
                  {"run_quality", v1::DType::FLOAT64, {runs}, {"run"}}};
  if (MakesSquareOutput(N, partition.outputs(), "agreement")) {
    plan.outputs.push_back(
        {"agreement", v1::DType::INT32, {N, N}, {"unit", "unit"}});
  }
  if (MakesSimilarity(source.is_given, N, partition.outputs())) {
    plan.outputs.push_back(
        {"similarity", v1::DType::FLOAT64, {N, N}, {"unit", "unit"}});
  }
  // Passes over many units are in parallel too.
  const int64_t items = partition.consensus() == v1::Consensus::NONE
                            ? runs
                            : std::max(runs, kConsensusRuns);
  plan.max_threads = ThreadsFor(std::max(items, N / kUnitsOfThread));
  const int64_t work = LouvainWorkBytes(std::max<int64_t>(N, 0));
  plan.memory_bytes = BytesOf(SharedBytes(inputs, source, partition) +
                              (items == 1 ? static_cast<double>(work) : 0));
  plan.thread_bytes = items == 1 ? 0 : work;
  return plan;
}

absl::Status CheckActive(const std::vector<uint8_t>& valid,
                         const std::string& input) {
  if (std::find(valid.begin(), valid.end(), 1) != valid.end()) {
    return absl::OkStatus();
  }
  const std::string field = absl::StrCat("inputs.", input);
  return Refuse(reason::kDegenerate,
                field,
                absl::StrCat("every unit of ", field, " is silent"));
}

// The matrix to partition and its silent units; no flags for a given matrix.
absl::StatusOr<SimilarityMatrix> MatrixOf(const v1::PartitionSpec& spec,
                                          const InputArrays& inputs,
                                          const Execution& execution) {
  const bool has_matrix = inputs.count("matrix") > 0;
  const char* name = has_matrix ? "matrix" : "activity";
  Matrix values = inputs.at(name).ToMatrix();
  if (spec.similarity() == SimilarityWord::GIVEN) {
    return SimilarityMatrix{std::move(values), {}};
  }
  MODBOUND_ASSIGN_OR_RETURN(
      SimilarityMatrix similarity,
      SimilarityOf(spec.similarity(), has_matrix, values, execution));
  MODBOUND_RETURN_IF_ERROR(CheckActive(similarity.valid, name));
  return similarity;
}

// The units that engines without N x N doubles take, as rows of length 1. Uses
// the input up.
absl::StatusOr<SimilarityRows> RowsOf(const v1::PartitionSpec& spec,
                                      InputArrays& inputs,
                                      const Execution& execution) {
  const bool has_matrix = inputs.count("matrix") > 0;
  const char* name = has_matrix ? "matrix" : "activity";
  const Matrix values = inputs.at(name).ToMatrix();
  inputs.erase(name);
  MODBOUND_ASSIGN_OR_RETURN(
      SimilarityRows rows,
      SimilarityRowsOf(spec.similarity(), has_matrix, values, execution));
  MODBOUND_RETURN_IF_ERROR(CheckActive(rows.valid, name));
  return rows;
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
  HostArray array(v1::DType::INT32,
                  {static_cast<int64_t>(runs.size()), N},
                  {"run", "unit"});
  auto* out = reinterpret_cast<int32_t*>(array.mutable_data());
  for (const Labels& run : runs) {
    out = std::copy(run.begin(), run.end(), out);
  }
  return array;
}

void FillSummary(const PartitionResult& result, v1::PartitionSummary& summary) {
  summary.set_quality(result.quality);
  summary.set_quality_all_units(result.quality_all_units);
  summary.set_num_modules(static_cast<int64_t>(result.module_sizes.size()));
  summary.mutable_module_sizes()->Assign(result.module_sizes.begin(),
                                         result.module_sizes.end());
  summary.mutable_excluded_units()->Assign(result.excluded_units.begin(),
                                           result.excluded_units.end());
  summary.set_best_run_quality(result.run_quality.maxCoeff());
  summary.set_mean_run_quality(result.run_quality.mean());
}

PartitionOptions OptionsOf(const v1::PartitionSpec& spec, DTypeEnum dtype) {
  PartitionOptions options;
  options.quality = QualityOptionsOf(spec, dtype);
  options.runs = spec.runs();
  options.consensus = ToCore(spec.consensus());
  options.tau = spec.tau();
  options.include_silent = spec.include_silent();
  options.seed = spec.seed();
  return options;
}

// The partition of N x N doubles; adds the similarity to what leaves.
absl::StatusOr<PartitionResult> PartitionDoubles(
    const v1::PartitionSpec& spec,
    const InputArrays& inputs,
    const PartitionOptions& options,
    const Execution& execution,
    Outcome& outcome) {
  const bool is_given = spec.similarity() == SimilarityWord::GIVEN;
  MODBOUND_ASSIGN_OR_RETURN(SimilarityMatrix similarity,
                            MatrixOf(spec, inputs, execution));
  const Matrix null_matrix = inputs.count("null_matrix") > 0
                                 ? inputs.at("null_matrix").ToMatrix()
                                 : Matrix();
  if (MakesSimilarity(is_given, similarity.values.rows(), spec.outputs())) {
    outcome.outputs["similarity"] =
        HostArray::FromMatrix(similarity.values, {"unit", "unit"});
  }
  return Partition(std::move(similarity.values),
                   std::move(similarity.valid),
                   options,
                   execution,
                   null_matrix.size() > 0 ? &null_matrix : nullptr);
}

// The partition of a given float32 matrix, whose buffer it uses up.
absl::StatusOr<PartitionResult> PartitionFloats(const InputInfos& infos,
                                                InputArrays& inputs,
                                                const PartitionOptions& options,
                                                const Execution& execution) {
  const InputInfo& info = infos.at("matrix");
  FloatWeights weights;
  weights.size = info.shape[0];
  weights.values = std::move(inputs.at("matrix")).TakeFloats();
  // The plan has refused what is not finite, symmetric, or in range.
  weights.checked = info.facts.has_value();
  weights.symmetric = weights.checked && info.facts->max_asymmetry() == 0;
  return Partition(std::move(weights), options, execution);
}

absl::StatusOr<PartitionResult> PartitionSource(const v1::PartitionSpec& spec,
                                                const Source& source,
                                                InputArrays inputs,
                                                const InputInfos& infos,
                                                const Execution& execution,
                                                Outcome& outcome) {
  const PartitionEngine engine = EngineOf(source, spec);
  const PartitionOptions options =
      OptionsOf(spec,
                source.is_given || engine != PartitionEngine::kDoubles
                    ? source.info->dtype
                    : v1::DType::FLOAT64);
  if (engine == PartitionEngine::kDoubles) {
    return PartitionDoubles(spec, inputs, options, execution, outcome);
  }
  if (engine == PartitionEngine::kFloats) {
    return PartitionFloats(infos, inputs, options, execution);
  }
  MODBOUND_ASSIGN_OR_RETURN(SimilarityRows rows,
                            RowsOf(spec, inputs, execution));
  if (engine == PartitionEngine::kFactor) {
    return Partition(std::move(rows), options, execution);
  }
  MODBOUND_ASSIGN_OR_RETURN(FloatWeights weights,
                            FloatProducts(std::move(rows), execution));
  return Partition(std::move(weights), options, execution);
}

absl::StatusOr<Outcome> RunPartition(const v1::Spec& spec,
                                     InputArrays inputs,
                                     const InputInfos& infos,
                                     const Execution& execution) {
  v1::PartitionSpec partition = spec.partition();
  MODBOUND_ASSIGN_OR_RETURN(const Source source,
                            ResolveSource(infos, partition));
  const int64_t N = source.units;
  Outcome outcome;
  absl::StatusOr<PartitionResult> found = PartitionSource(
      partition, source, std::move(inputs), infos, execution, outcome);
  if (!found.ok()) {
    // A similarity computed here is no input.
    return source.is_given ? found.status() : AsQualityError(found.status());
  }
  const PartitionResult result = *std::move(found);
  FillSummary(result, *outcome.summary.mutable_partition());
  outcome.outputs["labels"] = HostArray::FromLabels(result.labels, {"unit"});
  outcome.outputs["run_labels"] = RunLabelsArray(result.run_labels, N);
  outcome.outputs["run_quality"] =
      HostArray::FromVector(result.run_quality, {"run"});
  if (MakesSquareOutput(N, partition.outputs(), "agreement")) {
    MODBOUND_ASSIGN_OR_RETURN(const CountMatrix counts,
                              AgreementCounts(result.run_labels, execution));
    outcome.outputs["agreement"] = HostArray::FromInts(
        absl::MakeConstSpan(counts.data(),
                            static_cast<std::size_t>(counts.size())),
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
       "Similarity computed here, unit diagonal kept."}};
  analysis.example_spec = R"({"runs": 100, "consensus": "EXPECTED"})";
  analysis.plan = PlanPartition;
  analysis.run_owned = RunPartition;
  return analysis;
}

}  // namespace modbound
