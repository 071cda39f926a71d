#include "server/analyses/input_rules.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/error.h"
#include "server/arrays/facts.h"

namespace modbound {
namespace {

// Extent that a letter was first seen with, and in which input.
struct Extent {
  int64_t value = -1;
  std::string input;
};
using Extents = std::map<std::string, Extent>;

bool IsPrefixRule(const InputRule& rule) {
  return rule.name.size() > 2 && rule.name.substr(rule.name.size() - 2) == "/*";
}

bool Matches(const InputRule& rule, const std::string& name) {
  if (!IsPrefixRule(rule)) {
    return rule.name == name;
  }
  const std::string prefix = rule.name.substr(0, rule.name.size() - 1);
  return name.size() > prefix.size() &&
         name.compare(0, prefix.size(), prefix) == 0;
}

std::string AxesText(const InputRule& rule) {
  std::string text = absl::StrCat("(", absl::StrJoin(rule.axes, ", "), ")");
  for (const auto& axes : rule.more_axes) {
    absl::StrAppend(&text, " or (", absl::StrJoin(axes, ", "), ")");
  }
  return text;
}

// The alternative of the rule with as many axes as the input has.
const std::vector<std::string>* AxesOfRank(const InputRule& rule,
                                           std::size_t rank) {
  if (rule.axes.size() == rank) {
    return &rule.axes;
  }
  for (const auto& axes : rule.more_axes) {
    if (axes.size() == rank) {
      return &axes;
    }
  }
  return nullptr;
}

absl::Status BindExtents(const InputRule& rule,
                         const std::string& name,
                         const InputInfo& info,
                         Extents& extents) {
  const std::string field = "inputs." + name;
  const auto* axes = AxesOfRank(rule, info.shape.size());
  if (axes == nullptr) {
    return Refuse(reason::kWrongShape,
                  field,
                  absl::StrCat(field,
                               " has shape ",
                               ShapeText(info.shape),
                               "; allowed: ",
                               AxesText(rule)));
  }
  for (std::size_t i = 0; i < axes->size(); ++i) {
    const int64_t extent = info.shape[i];
    if (extent < 0) {
      continue;
    }
    if (extent == 0) {
      return Refuse(reason::kWrongShape,
                    field,
                    absl::StrCat(field,
                                 " has shape ",
                                 ShapeText(info.shape),
                                 "; it must not be empty"));
    }
    const auto [at, is_new] =
        extents.try_emplace((*axes)[i], Extent{extent, field});
    if (!is_new && at->second.value != extent) {
      return Refuse(reason::kWrongShape,
                    field,
                    absl::StrCat(field,
                                 " has shape ",
                                 ShapeText(info.shape),
                                 ", expected ",
                                 AxesText(rule),
                                 " with ",
                                 (*axes)[i],
                                 " = ",
                                 at->second.value,
                                 " as in ",
                                 at->second.input));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckFacts(const InputRule& rule,
                        const std::string& name,
                        const InputInfo& info) {
  if (!info.facts.has_value()) {
    return absl::OkStatus();
  }
  const std::string field = "inputs." + name;
  // Kernels would count other bytes for what they are.
  if (info.dtype == v1::DType::BOOL && !info.facts->binary()) {
    return Refuse(
        reason::kOutOfRange,
        field,
        absl::StrCat(field, " is BOOL and holds a byte other than 0 and 1"));
  }
  if (rule.labels) {
    return RequireLabels(*info.facts, field);
  }
  return rule.finite ? RequireFinite(*info.facts, field) : absl::OkStatus();
}

std::string TakenInputs(const Analysis& analysis) {
  if (analysis.inputs.empty()) {
    return "none";
  }
  return absl::StrJoin(
      analysis.inputs, ", ", [](std::string* out, const InputRule& rule) {
        out->append(rule.name);
      });
}

}  // namespace

const InputRule* FindInputRule(const Analysis& analysis,
                               const std::string& name) {
  const auto found =
      std::find_if(analysis.inputs.begin(),
                   analysis.inputs.end(),
                   [&](const InputRule& rule) { return Matches(rule, name); });
  return found == analysis.inputs.end() ? nullptr : &*found;
}

absl::Status CheckInputs(const Analysis& analysis, const InputInfos& inputs) {
  for (const auto& [name, info] : inputs) {
    if (FindInputRule(analysis, name) == nullptr) {
      return Refuse("UNKNOWN_INPUT",
                    "inputs." + name,
                    absl::StrCat(analysis.kind,
                                 " takes no input \"",
                                 name,
                                 "\"; allowed: ",
                                 TakenInputs(analysis)));
    }
  }
  // In the order of the rules, so that the message names the later of two
  // inputs that disagree.
  Extents extents;
  for (const InputRule& rule : analysis.inputs) {
    bool found = false;
    for (const auto& [name, info] : inputs) {
      if (Matches(rule, name)) {
        found = true;
        MODBOUND_RETURN_IF_ERROR(BindExtents(rule, name, info, extents));
        MODBOUND_RETURN_IF_ERROR(CheckFacts(rule, name, info));
      }
    }
    if (!found && !rule.optional) {
      return Refuse(reason::kMissingField,
                    "inputs." + rule.name,
                    absl::StrCat("inputs.",
                                 rule.name,
                                 " is missing; ",
                                 analysis.kind,
                                 " needs it as an array ",
                                 AxesText(rule)));
    }
  }
  return absl::OkStatus();
}

}  // namespace modbound
