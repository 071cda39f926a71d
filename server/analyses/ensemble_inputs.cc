#include "server/analyses/ensemble_inputs.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/analyses/input_rules.h"

namespace modbound {
namespace {

std::size_t MostAxes(const InputRule& rule) {
  std::size_t most = rule.axes.size();
  for (const std::vector<std::string>& axes : rule.more_axes) {
    most = std::max(most, axes.size());
  }
  return most;
}

bool IsMember(const InputRule& rule, const InputInfo& info) {
  return info.shape.size() == MostAxes(rule) + 1 && info.shape[0] >= 0 &&
         (info.axes.empty() || info.axes[0] == kNetworkAxis);
}

absl::Status CheckNetworks(const std::string& field, const InputInfo& info) {
  const std::string text =
      absl::StrCat(field, " has shape ", ShapeText(info.shape));
  if (info.shape[0] == 0) {
    return Refuse(reason::kWrongShape,
                  field,
                  text + "; an ensemble has at least one network");
  }
  if (info.shape[0] > kMostNetworks) {
    return Refuse(reason::kOutOfRange,
                  field,
                  absl::StrCat(text,
                               ", the first axis being networks; allowed: at "
                               "most ",
                               kMostNetworks,
                               " of them"));
  }
  return absl::OkStatus();
}

// A group is one thing: all of its inputs have the axis, or none.
absl::Status CheckGroups(const Analysis& analysis,
                         const InputInfos& inputs,
                         const Ensemble& ensemble) {
  for (const InputRule& rule : analysis.inputs) {
    const auto input = inputs.find(rule.name);
    if (rule.group.empty() || input == inputs.end() ||
        ensemble.members.count(rule.name) > 0) {
      continue;
    }
    for (const std::string& other : ExpandInput(analysis, rule.group)) {
      if (ensemble.members.count(other) > 0) {
        const std::string field = "inputs." + rule.name;
        return Refuse(reason::kWrongShape,
                      field,
                      absl::StrCat(field,
                                   " has shape ",
                                   ShapeText(input->second.shape),
                                   "; inputs.",
                                   other,
                                   " is of ",
                                   ensemble.networks,
                                   " networks: the first axis of each array of "
                                   "a network must be these"));
      }
    }
  }
  return absl::OkStatus();
}

HostArray SliceOf(const HostArray& array, int64_t network) {
  HostArray slice(array.dtype(),
                  {array.shape().begin() + 1, array.shape().end()});
  const int64_t bytes = slice.size_bytes();
  if (bytes > 0) {
    std::memcpy(slice.mutable_data(),
                array.data() + network * bytes,
                static_cast<std::size_t>(bytes));
  }
  return slice;
}

}  // namespace

absl::StatusOr<Ensemble> FindEnsemble(const Analysis& analysis,
                                      const InputInfos& inputs) {
  Ensemble ensemble;
  std::string first;
  // In the order of the rules, as CheckInputs goes.
  for (const InputRule& rule : analysis.inputs) {
    for (const auto& [name, info] : inputs) {
      if (FindInputRule(analysis, name) != &rule || !IsMember(rule, info)) {
        continue;
      }
      const std::string field = "inputs." + name;
      MODBOUND_RETURN_IF_ERROR(CheckNetworks(field, info));
      if (ensemble.members.empty()) {
        ensemble.networks = info.shape[0];
        first = field;
      }
      if (info.shape[0] != ensemble.networks) {
        return Refuse(reason::kWrongShape,
                      field,
                      absl::StrCat(field,
                                   " has shape ",
                                   ShapeText(info.shape),
                                   ", so is of ",
                                   info.shape[0],
                                   " networks; ",
                                   first,
                                   " is of ",
                                   ensemble.networks));
      }
      ensemble.members.insert(name);
    }
  }
  MODBOUND_RETURN_IF_ERROR(CheckGroups(analysis, inputs, ensemble));
  return ensemble;
}

InputInfos InfosOfOne(const InputInfos& inputs, const Ensemble& ensemble) {
  InputInfos one = inputs;
  for (const std::string& name : ensemble.members) {
    InputInfo& info = one.at(name);
    info.shape.erase(info.shape.begin());
    if (!info.axes.empty()) {
      info.axes.erase(info.axes.begin());
    }
    if (info.facts.has_value() && !info.facts->finite()) {
      info.facts = std::nullopt;
    }
  }
  return one;
}

absl::Status CheckInputsOfEach(const Analysis& analysis,
                               const InputInfos& inputs) {
  MODBOUND_ASSIGN_OR_RETURN(const Ensemble ensemble,
                            FindEnsemble(analysis, inputs));
  const absl::Status status =
      CheckInputs(analysis, InfosOfOne(inputs, ensemble));
  if (status.ok() || ensemble.networks == 0) {
    return status;
  }
  return MakeError(status.code(),
                   ReasonOf(status),
                   FieldOf(status),
                   absl::StrCat(std::string(status.message()),
                                " (in each of ",
                                ensemble.networks,
                                " networks)"));
}

InputArrays ArraysOf(const InputArrays& inputs,
                     const Ensemble& ensemble,
                     int64_t network) {
  InputArrays one = inputs;
  for (const std::string& name : ensemble.members) {
    one[name] = SliceOf(inputs.at(name), network);
  }
  return one;
}

}  // namespace modbound
