#include "core/dynamics/jacobian_similarity.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/dynamics/jacobian.h"

namespace modbound {
namespace {

// The matrix whose rows are compared.
Matrix RowsOf(JacobianPart part, const Matrix& jacobian, const Matrix& w_rec) {
  switch (part) {
    case JacobianPart::kStep:
      return jacobian;
    case JacobianPart::kFlow:
      return FlowJacobian(jacobian);
    case JacobianPart::kWeights:
      return w_rec;
  }
  return jacobian;
}

// Labels of a similarity matrix; all -1 when it has no valid unit: that one of
// the three matrices says nothing is a result.
absl::StatusOr<Labels> Modules(const SimilarityMatrix& similarity,
                               const JacobianSimilarityOptions& options,
                               const Execution& execution) {
  if (std::find(similarity.valid.begin(), similarity.valid.end(), 1) ==
      similarity.valid.end()) {
    return Labels(similarity.valid.size(), -1);
  }
  PartitionOptions partition = options.partition;
  partition.seed = options.seed;
  absl::StatusOr<PartitionResult> result =
      Partition(similarity.values, similarity.valid, partition, execution);
  if (!result.ok()) {
    return AsQualityError(result.status());
  }
  return std::move(result->labels);
}

}  // namespace

absl::StatusOr<JacobianSimilarity> ComputeJacobianSimilarity(
    const Network& network,
    const Vector& gain,
    const SimilarityMatrix& correlation,
    const JacobianSimilarityOptions& options,
    const Execution& execution) {
  if (correlation.values.rows() != network.units()) {
    return Refuse(reason::kWrongShape,
                  "activity",
                  absl::StrCat("activity has ",
                               correlation.values.rows(),
                               " units, the network ",
                               network.units()));
  }
  JacobianSimilarity result;
  result.jacobian = JacobianFromGain(network, gain);
  result.active_units =
      std::count(correlation.valid.begin(), correlation.valid.end(), 1);
  const MatrixComparisonOptions comparison{
      options.partition.quality, options.null_count, options.seed};
  for (std::size_t part = 0; part < kJacobianParts; ++part) {
    MODBOUND_ASSIGN_OR_RETURN(
        result.similarity[part],
        CosineOfRows(RowsOf(static_cast<JacobianPart>(part),
                            result.jacobian,
                            network.w_rec),
                     execution));
    MODBOUND_ASSIGN_OR_RETURN(
        result.labels[part],
        Modules(result.similarity[part], options, execution));
    MODBOUND_ASSIGN_OR_RETURN(result.comparison[part],
                              CompareThroughModules(result.similarity[part],
                                                    result.labels[part],
                                                    correlation,
                                                    comparison,
                                                    execution));
  }
  return result;
}

}  // namespace modbound
