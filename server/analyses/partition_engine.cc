#include "server/analyses/partition_engine.h"

namespace modbound {
namespace {

bool IsLinear(v1::QualityFunction::Name quality) {
  return quality == v1::QualityFunction::NEGATIVE_SYM ||
         quality == v1::QualityFunction::MODULARITY ||
         quality == v1::QualityFunction::UNIFORM;
}

}  // namespace

bool CanFactor(const UnitsToHold& units) {
  return (units.similarity == v1::Similarity::CORRELATION ||
          units.similarity == v1::Similarity::COSINE) &&
         units.values >= 0 && 2 * units.values <= units.units &&
         (IsLinear(units.quality) ||
          units.quality == v1::QualityFunction::NEGATIVE_ASYM);
}

PartitionEngine EngineOf(const UnitsToHold& units) {
  if (units.wants_matrix) {
    return PartitionEngine::kMatrix;
  }
  const bool is_float = units.dtype == v1::DType::FLOAT32;
  if (units.similarity == v1::Similarity::GIVEN) {
    return is_float &&
                   ((units.symmetric && units.one_run) ||
                    units.units > kDoublesLimit) &&
                   units.quality != v1::QualityFunction::CUSTOM
               ? PartitionEngine::kFloats
               : PartitionEngine::kDoubles;
  }
  if (units.units <= kProductsLimit || !CanFactor(units)) {
    return PartitionEngine::kMatrix;
  }
  return is_float && !IsLinear(units.quality) &&
                 units.units <= kFloatProductsLimit
             ? PartitionEngine::kFloatProducts
             : PartitionEngine::kFactor;
}

}  // namespace modbound
