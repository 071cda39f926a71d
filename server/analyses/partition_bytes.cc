#include "server/analyses/partition_bytes.h"

#include <algorithm>

#include "core/modules/consensus.h"
#include "server/analyses/partition_outputs.h"
#include "server/analyses/plan_estimates.h"

namespace modbound {
namespace {

// What N x N doubles are made of, and their copies.
double MatrixBytes(const InputInfos& inputs,
                   const PartitionSource& source,
                   const v1::PartitionSpec& spec) {
  const auto n = static_cast<double>(std::max<int64_t>(source.units, 0));
  const double elements = ElementsOf(inputs, source.name);
  // The input as doubles; to compare units, once more with a unit a row.
  double bytes =
      InputBytes(inputs, source.name) + (source.is_given ? 8 : 16) * elements;
  // A computed similarity, and its copy that leaves. What is partitioned is
  // made of the one before in place.
  bytes += source.is_given ? 0 : 8 * n * n;
  bytes += MakesSimilarity(source.is_given, source.units, spec) ? 8 * n * n : 0;
  // A copy for the gammas to come, or for the modules, of which one is cut out
  // and weighted.
  bytes += spec.gammas().empty() ? 0 : 8 * n * n;
  bytes += spec.hierarchy() ? 24 * n * n : 0;
  return bytes;
}

// The input and what is partitioned.
double WeightsBytes(const InputInfos& inputs,
                    const PartitionSource& source,
                    const v1::PartitionSpec& spec) {
  const auto n = static_cast<double>(std::max<int64_t>(source.units, 0));
  const double elements = ElementsOf(inputs, source.name);
  const double input = InputBytes(inputs, source.name);
  switch (EngineOf(source, spec)) {
    case PartitionEngine::kDoubles:
      return input +
             (source.info->dtype == v1::DType::FLOAT64 ? 0 : 8 * elements);
    case PartitionEngine::kFloats:
      // The networks of an ensemble are not known to be symmetric one by one.
      return input + (source.units <= kDoublesLimit ? 8 * elements : 0);
    case PartitionEngine::kFloatProducts:
      // As doubles, then as floats only.
      return input + 20 * elements + 4 * n * n;
    case PartitionEngine::kFactor:
      // As doubles, with a unit a row; then as floats too, with the sums of
      // blocks of units.
      return input + 20 * elements + n * n / 32;
    case PartitionEngine::kMatrix:
      break;
  }
  return MatrixBytes(inputs, source, spec);
}

// The arrays of agreements. That of one partition takes the place of the N x N
// weights, which are gone by then, where there were such.
double AgreementBytes(const PartitionSource& source,
                      const v1::PartitionSpec& spec) {
  const bool in_place = spec.gammas().empty() &&
                        EngineOf(source, spec) != PartitionEngine::kFactor;
  if (in_place || !MakesAgreement(source.units, spec)) {
    return 0;
  }
  const auto n = static_cast<double>(std::max<int64_t>(source.units, 0));
  return 4 * n * n * std::max(1, spec.gammas_size());
}

// What a consensus partitions, beside the weights.
double ConsensusBytes(const PartitionSource& source,
                      const v1::PartitionSpec& spec) {
  if (spec.consensus() == v1::Consensus::NONE) {
    return 0;
  }
  const auto groups = static_cast<double>(
      std::clamp<int64_t>(source.units, 0, kMaxStoredGroups));
  return 8 * groups * groups;
}

}  // namespace

double PartitionBytes(const InputInfos& inputs,
                      const PartitionSource& source,
                      const v1::PartitionSpec& spec) {
  const auto n = static_cast<double>(std::max<int64_t>(source.units, 0));
  // The null matrix as doubles, cut, symmetric.
  double bytes = WeightsBytes(inputs, source, spec) +
                 InputBytes(inputs, "null_matrix") +
                 24 * ElementsOf(inputs, "null_matrix");
  const double gammas = std::max(1, spec.gammas_size());
  // Labels of runs, and their groups or the array that leaves.
  return bytes + AgreementBytes(source, spec) + ConsensusBytes(source, spec) +
         8.0 * gammas * spec.runs() * n;
}

}  // namespace modbound
