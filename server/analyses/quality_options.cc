#include "server/analyses/quality_options.h"

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "server/arrays/facts.h"

namespace modbound {

QualityFunction ToCore(v1::QualityFunction::Name name) {
  switch (name) {
    case v1::QualityFunction::NEGATIVE_ASYM:
      return QualityFunction::kNegativeAsym;
    case v1::QualityFunction::NEGATIVE_SYM:
      return QualityFunction::kNegativeSym;
    case v1::QualityFunction::MODULARITY:
      return QualityFunction::kModularity;
    case v1::QualityFunction::POTTS:
      return QualityFunction::kPotts;
    case v1::QualityFunction::UNIFORM:
      return QualityFunction::kUniform;
    case v1::QualityFunction::CUSTOM:
      return QualityFunction::kCustom;
    default:
      MODBOUND_CHECK(false);
      return QualityFunction::kNegativeAsym;
  }
}

double EpsilonOf(DTypeEnum dtype) {
  return dtype == v1::DType::FLOAT32 ? std::numeric_limits<float>::epsilon()
                                     : std::numeric_limits<double>::epsilon();
}

absl::Status CheckWeights(const InputInfo& info,
                          v1::QualityFunction::Name quality,
                          bool directed,
                          const std::string& field) {
  if (!info.facts.has_value()) {
    return absl::OkStatus();
  }
  if (!directed) {
    MODBOUND_RETURN_IF_ERROR(RequireSymmetric(*info.facts, info.dtype, field));
  }
  if (quality == v1::QualityFunction::MODULARITY && info.facts->min() < 0) {
    return Refuse(reason::kNegativeWeight,
                  field,
                  absl::StrCat(field,
                               " has a weight of ",
                               info.facts->min(),
                               "; MODULARITY takes none below 0"));
  }
  if (quality == v1::QualityFunction::POTTS && !info.facts->binary()) {
    return Refuse(reason::kNotBinary,
                  field,
                  absl::StrCat(field,
                               " has weights from ",
                               info.facts->min(),
                               " to ",
                               info.facts->max(),
                               "; POTTS takes 0 and 1 only"));
  }
  return absl::OkStatus();
}

absl::Status RefuseCustom(v1::QualityFunction::Name quality) {
  if (quality != v1::QualityFunction::CUSTOM) {
    return absl::OkStatus();
  }
  return Refuse(reason::kOutOfRange,
                "quality",
                "quality is CUSTOM, which needs a null matrix; allowed: "
                "NEGATIVE_ASYM, NEGATIVE_SYM, MODULARITY, POTTS, UNIFORM");
}

absl::Status CheckNullMatrix(const InputInfos& inputs,
                             v1::QualityFunction::Name quality,
                             bool directed) {
  const auto null_matrix = inputs.find("null_matrix");
  const bool is_custom = quality == v1::QualityFunction::CUSTOM;
  if (null_matrix == inputs.end()) {
    return is_custom ? Refuse(reason::kMissingField,
                              "inputs.null_matrix",
                              "quality CUSTOM needs the input null_matrix")
                     : absl::OkStatus();
  }
  if (!is_custom) {
    return Refuse(reason::kContradiction,
                  "inputs.null_matrix",
                  absl::StrCat("null_matrix is given, but quality is ",
                               v1::QualityFunction::Name_Name(quality),
                               "; allowed: CUSTOM"));
  }
  return CheckWeights(
      null_matrix->second, quality, directed, "inputs.null_matrix");
}

}  // namespace modbound
