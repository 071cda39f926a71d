#include "server/analyses/intervention_spec.h"

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/error.h"
#include "google/protobuf/repeated_field.h"

namespace modbound {
namespace {

std::vector<int64_t> UnitsOf(
    const google::protobuf::RepeatedField<int32_t>& units) {
  return {units.begin(), units.end()};
}

template <typename MessageT>
StepRange StepsOf(const MessageT& message) {
  StepRange steps;
  steps.from = message.from();
  if (message.has_to()) {
    steps.to = message.to();
  }
  return steps;
}

WeightArray ArrayOf(v1::WeightArray::Name array) {
  switch (array) {
    case v1::WeightArray::W_IN:
      return WeightArray::kWIn;
    case v1::WeightArray::B_IN:
      return WeightArray::kBIn;
    case v1::WeightArray::B_REC:
      return WeightArray::kBRec;
    case v1::WeightArray::W_OUT:
      return WeightArray::kWOut;
    case v1::WeightArray::B_OUT:
      return WeightArray::kBOut;
    default:
      return WeightArray::kWRec;
  }
}

EditOperation OperationOf(v1::WeightEdit::Operation operation) {
  switch (operation) {
    case v1::WeightEdit::ADD:
      return EditOperation::kAdd;
    case v1::WeightEdit::SCALE:
      return EditOperation::kScale;
    default:
      return EditOperation::kSet;
  }
}

SilenceLevel LevelOf(v1::SilenceLevel::Name level) {
  switch (level) {
    case v1::SilenceLevel::MEAN:
      return SilenceLevel::kMean;
    case v1::SilenceLevel::NOISE:
      return SilenceLevel::kNoise;
    default:
      return SilenceLevel::kZero;
  }
}

}  // namespace

LesionScope ScopeOf(v1::LesionScope::Name scope) {
  switch (scope) {
    case v1::LesionScope::RECURRENT:
      return LesionScope::kRecurrent;
    case v1::LesionScope::SILENCE:
      return LesionScope::kSilence;
    default:
      return LesionScope::kAll;
  }
}

InputClamp ClampOf(const v1::InputClamp& clamp) {
  return {clamp.channel(), clamp.value(), StepsOf(clamp)};
}

UnitLesion LesionOf(const v1::UnitLesion& lesion) {
  return {UnitsOf(lesion.units()), ScopeOf(lesion.scope())};
}

Silence SilenceOf(const v1::Silence& silence) {
  return {UnitsOf(silence.units()), LevelOf(silence.level()), StepsOf(silence)};
}

WeightEdit EditOf(const v1::WeightEdit& edit) {
  WeightEdit result;
  result.array = ArrayOf(edit.array());
  result.row = edit.row();
  if (edit.has_column()) {
    result.column = edit.column();
  }
  result.operation = OperationOf(edit.operation());
  result.value = edit.value();
  return result;
}

absl::Status CheckLesion(const v1::UnitLesion& lesion) {
  return lesion.units_size() > 0
             ? absl::OkStatus()
             : Refuse(reason::kMissingField,
                      "lesion.units",
                      "lesion.units is empty; name at least one unit");
}

}  // namespace modbound
