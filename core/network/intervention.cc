#include "core/network/intervention.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace modbound {
namespace {

// index in [0, count), where count is known.
absl::Status CheckIndex(const std::string& field,
                        int64_t index,
                        int64_t count) {
  if (index >= 0 && (count < 0 || index < count)) {
    return absl::OkStatus();
  }
  const std::string most = count < 0 ? "" : absl::StrCat(" ... ", count - 1);
  return Refuse(reason::kOutOfRange,
                field,
                absl::StrCat(field,
                             " is ",
                             index,
                             "; allowed: ",
                             count == 0  ? "none"
                             : count < 0 ? ">= 0"
                                         : "0",
                             count == 0 ? "" : most));
}

absl::Status CheckNumber(const std::string& field, double value) {
  if (std::isfinite(value)) {
    return absl::OkStatus();
  }
  return Refuse(
      reason::kNotFinite,
      field,
      absl::StrCat(field, " is ", value, "; allowed: finite numbers"));
}

// `path`: "clamp[0].".
absl::Status CheckSteps(const std::string& path,
                        const StepRange& range,
                        int64_t steps) {
  MODBOUND_RETURN_IF_ERROR(CheckIndex(path + "from", range.from, steps));
  if (!range.to.has_value() ||
      (*range.to > range.from && (steps < 0 || *range.to <= steps))) {
    return absl::OkStatus();
  }
  return Refuse(reason::kOutOfRange,
                path + "to",
                absl::StrCat(path,
                             "to is ",
                             *range.to,
                             "; allowed: above from = ",
                             range.from,
                             steps < 0 ? std::string()
                                       : absl::StrCat(", at most ", steps)));
}

absl::Status CheckUnits(const std::string& field,
                        const std::vector<int64_t>& units,
                        int64_t count) {
  std::set<int64_t> seen;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const std::string element = absl::StrCat(field, "[", i, "]");
    MODBOUND_RETURN_IF_ERROR(CheckIndex(element, units[i], count));
    if (!seen.insert(units[i]).second) {
      return Refuse(
          reason::kContradiction,
          element,
          absl::StrCat(element, " is ", units[i], ", a unit named before"));
    }
  }
  return absl::OkStatus();
}

bool IsBias(WeightArray array) {
  return array == WeightArray::kBIn || array == WeightArray::kBRec ||
         array == WeightArray::kBOut;
}

// `path`: "weight_edits[0].".
absl::Status CheckEdit(const std::string& path,
                       const WeightEdit& edit,
                       const InterventionBounds& bounds) {
  // As far as they are known.
  const auto [rows, cols] =
      NetworkArrayShapes(bounds.units,
                         bounds.inputs,
                         bounds.outputs)[static_cast<std::size_t>(edit.array)];
  MODBOUND_RETURN_IF_ERROR(CheckIndex(path + "row", edit.row, rows));
  MODBOUND_RETURN_IF_ERROR(CheckNumber(path + "value", edit.value));
  const std::string field = path + "column";
  if (IsBias(edit.array)) {
    return edit.column.has_value()
               ? Refuse(reason::kContradiction,
                        field,
                        absl::StrCat(field,
                                     " is ",
                                     *edit.column,
                                     "; a bias has rows alone"))
               : absl::OkStatus();
  }
  if (!edit.column.has_value()) {
    return Refuse(reason::kMissingField,
                  field,
                  absl::StrCat(field, " is missing; a weight needs one"));
  }
  return CheckIndex(field, *edit.column, cols);
}

double& ElementOf(const WeightEdit& edit, Network& network) {
  const int64_t column = edit.column.value_or(0);
  switch (edit.array) {
    case WeightArray::kWIn:
      return network.w_in(edit.row, column);
    case WeightArray::kBIn:
      return network.b_in(edit.row);
    case WeightArray::kBRec:
      return network.b_rec(edit.row);
    case WeightArray::kWOut:
      return network.w_out(edit.row, column);
    case WeightArray::kBOut:
      return network.b_out(edit.row);
    case WeightArray::kWRec:
      break;
  }
  return network.w_rec(edit.row, column);
}

double Edited(double weight, const WeightEdit& edit) {
  switch (edit.operation) {
    case EditOperation::kAdd:
      return weight + edit.value;
    case EditOperation::kScale:
      return weight * edit.value;
    case EditOperation::kSet:
      break;
  }
  return edit.value;
}

}  // namespace

bool Intervention::needs_intact_run() const {
  return std::any_of(silences.begin(), silences.end(), [](const Silence& one) {
    return one.level != SilenceLevel::kZero;
  });
}

absl::Status Intervention::Validate(const InterventionBounds& bounds) const {
  for (std::size_t i = 0; i < clamps.size(); ++i) {
    const std::string path = absl::StrCat("clamp[", i, "].");
    MODBOUND_RETURN_IF_ERROR(
        CheckIndex(path + "channel", clamps[i].channel, bounds.inputs));
    MODBOUND_RETURN_IF_ERROR(CheckNumber(path + "value", clamps[i].value));
    MODBOUND_RETURN_IF_ERROR(CheckSteps(path, clamps[i].steps, bounds.steps));
  }
  MODBOUND_RETURN_IF_ERROR(
      CheckUnits("lesion.units", lesion.units, bounds.units));
  for (std::size_t i = 0; i < silences.size(); ++i) {
    const std::string path = absl::StrCat("silence[", i, "].");
    if (silences[i].units.empty()) {
      return Refuse(
          reason::kMissingField,
          path + "units",
          absl::StrCat(path, "units is empty; name at least one unit"));
    }
    MODBOUND_RETURN_IF_ERROR(
        CheckUnits(path + "units", silences[i].units, bounds.units));
    MODBOUND_RETURN_IF_ERROR(CheckSteps(path, silences[i].steps, bounds.steps));
  }
  for (std::size_t i = 0; i < weight_edits.size(); ++i) {
    MODBOUND_RETURN_IF_ERROR(CheckEdit(
        absl::StrCat("weight_edits[", i, "]."), weight_edits[i], bounds));
  }
  return absl::OkStatus();
}

absl::Status ChangeWeights(const Intervention& intervention, Network& network) {
  for (std::size_t i = 0; i < intervention.weight_edits.size(); ++i) {
    const WeightEdit& edit = intervention.weight_edits[i];
    double& weight = ElementOf(edit, network);
    const double edited = Edited(weight, edit);
    if (!std::isfinite(edited)) {
      const std::string field = absl::StrCat("weight_edits[", i, "].value");
      return Refuse(reason::kNotFinite,
                    field,
                    absl::StrCat(field,
                                 " is ",
                                 edit.value,
                                 "; the weight would be ",
                                 edited,
                                 ", allowed: finite numbers"));
    }
    weight = edited;
  }
  LesionUnits(intervention.lesion.units, intervention.lesion.scope, network);
  return absl::OkStatus();
}

}  // namespace modbound
