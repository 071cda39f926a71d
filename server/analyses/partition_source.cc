#include "server/analyses/partition_source.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/analyses/partition_outputs.h"
#include "server/analyses/similarity_word.h"

namespace modbound {
namespace {

using SimilarityWord = v1::Similarity;

absl::Status CheckSourceShape(const PartitionSource& source,
                              const InputInfos& inputs) {
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
absl::Status CheckSourceValues(const PartitionSource& source,
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

absl::Status CheckActive(const std::vector<uint8_t>& valid, const char* name) {
  if (std::find(valid.begin(), valid.end(), 1) != valid.end()) {
    return absl::OkStatus();
  }
  const std::string field = absl::StrCat("inputs.", name);
  return Refuse(reason::kDegenerate,
                field,
                absl::StrCat("every unit of ", field, " is silent"));
}

}  // namespace

absl::Status RequireMatrixOrActivity(const InputInfos& inputs) {
  const bool has_matrix = inputs.count("matrix") > 0;
  if (has_matrix != (inputs.count("activity") > 0)) {
    return absl::OkStatus();
  }
  return has_matrix ? Refuse(reason::kContradiction,
                             "inputs.activity",
                             "matrix and activity are both given; allowed: "
                             "one of them")
                    : Refuse(reason::kMissingField,
                             "inputs.matrix",
                             "neither matrix nor activity is given; one of "
                             "them must be");
}

absl::StatusOr<PartitionSource> ResolveSource(const InputInfos& inputs,
                                              v1::PartitionSpec& spec) {
  MODBOUND_RETURN_IF_ERROR(RequireMatrixOrActivity(inputs));
  const bool has_matrix = inputs.count("matrix") > 0;
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
  return PartitionSource{name, &info, is_given, info.shape[has_matrix ? 0 : 1]};
}

absl::Status CheckSource(const PartitionSource& source,
                         const InputInfos& inputs,
                         const v1::PartitionSpec& spec) {
  MODBOUND_RETURN_IF_ERROR(CheckSourceShape(source, inputs));
  return CheckSourceValues(source, spec.similarity());
}

absl::StatusOr<SimilarityMatrix> MatrixToPartition(
    const v1::PartitionSpec& spec,
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

absl::StatusOr<SimilarityRows> RowsToPartition(const v1::PartitionSpec& spec,
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

bool IsSymmetric(const InputInfo& info) {
  return info.facts.has_value() && info.facts->max_asymmetry() == 0;
}

PartitionEngine EngineOf(const PartitionSource& source,
                         const v1::PartitionSpec& spec) {
  UnitsToHold units;
  units.similarity = spec.similarity();
  units.quality = spec.quality();
  units.wants_matrix = !spec.gammas().empty() || spec.hierarchy() ||
                       MakesSimilarity(source.is_given, source.units, spec);
  units.dtype = source.info->dtype;
  units.symmetric = IsSymmetric(*source.info);
  units.one_run =
      spec.runs() == 1 && spec.algorithm() != v1::Algorithm::ITERATED;
  units.units = source.units;
  units.values =
      source.info->shape[source.name == std::string("matrix") ? 1 : 0];
  return EngineOf(units);
}

}  // namespace modbound
