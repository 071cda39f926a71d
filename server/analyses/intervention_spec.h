#ifndef MODBOUND_SERVER_ANALYSES_INTERVENTION_SPEC_H_
#define MODBOUND_SERVER_ANALYSES_INTERVENTION_SPEC_H_

#include "absl/status/status.h"
#include "core/network/intervention.h"
#include "modbound/v1/intervention.pb.h"

// The spec fields clamp, lesion, silence and weight_edits, and the words of
// interventions.
namespace modbound {

LesionScope ScopeOf(v1::LesionScope::Name scope);

InputClamp ClampOf(const v1::InputClamp& clamp);
UnitLesion LesionOf(const v1::UnitLesion& lesion);
Silence SilenceOf(const v1::Silence& silence);
WeightEdit EditOf(const v1::WeightEdit& edit);

// MISSING_FIELD for "lesion.units" when the lesion is given without units.
absl::Status CheckLesion(const v1::UnitLesion& lesion);

// The intervention of a spec with the four fields and `seed`, defaults filled.
template <typename SpecT>
Intervention InterventionOf(const SpecT& spec) {
  Intervention intervention;
  for (const v1::InputClamp& clamp : spec.clamp()) {
    intervention.clamps.push_back(ClampOf(clamp));
  }
  for (const v1::WeightEdit& edit : spec.weight_edits()) {
    intervention.weight_edits.push_back(EditOf(edit));
  }
  intervention.lesion = LesionOf(spec.lesion());
  for (const v1::Silence& silence : spec.silence()) {
    intervention.silences.push_back(SilenceOf(silence));
  }
  intervention.seed = spec.seed();
  return intervention;
}

// Checks those fields as far as the bounds are known. Errors: those of
// CheckLesion and Intervention::Validate.
template <typename SpecT>
absl::Status CheckIntervention(const SpecT& spec,
                               const InterventionBounds& bounds) {
  if (spec.has_lesion()) {
    if (absl::Status status = CheckLesion(spec.lesion()); !status.ok()) {
      return status;
    }
  }
  return InterventionOf(spec).Validate(bounds);
}

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_INTERVENTION_SPEC_H_
