#include "core/dynamics/jacobian_similarity.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/progress_counter.h"
#include "core/dynamics/jacobian.h"

namespace modbound {
namespace {

// In progress.
constexpr const char* kPartNames[kJacobianParts] = {"step", "flow", "weights"};

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
  PartitionOptions partition = options.partition;
  partition.seed = options.seed;
  for (std::size_t part = 0; part < kJacobianParts; ++part) {
    const Execution named = ForPart(execution, kPartNames[part]);
    MODBOUND_ASSIGN_OR_RETURN(
        result.similarity[part],
        CosineOfRows(RowsOf(static_cast<JacobianPart>(part),
                            result.jacobian,
                            network.w_rec),
                     named));
    MODBOUND_ASSIGN_OR_RETURN(
        result.labels[part],
        ModulesOf(result.similarity[part], partition, named));
    MODBOUND_ASSIGN_OR_RETURN(result.comparison[part],
                              CompareThroughModules(result.similarity[part],
                                                    result.labels[part],
                                                    correlation,
                                                    comparison,
                                                    named));
  }
  return result;
}

}  // namespace modbound
