#include "server/analyses/ensemble_inputs.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/analyses/input_rules.h"
#include "server/arrays/missing.h"

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

// Bytes of one network in `array`.
int64_t NetworkBytes(const HostArray& array) {
  return array.shape()[0] > 0 ? array.size_bytes() / array.shape()[0] : 0;
}

// Rows of a network's array up to the last one that is no filling.
int64_t RowsInUse(const HostArray& array, int64_t network) {
  const int64_t rows = array.shape()[1];
  if (rows == 0 || array.size() == 0) {
    return rows;
  }
  const int64_t row_bytes = NetworkBytes(array) / rows;
  const std::byte* first = array.data() + network * NetworkBytes(array);
  int64_t used = rows;
  while (used > 0 && AllMissing(array.dtype(),
                                row_bytes / ElementSize(array.dtype()),
                                first + (used - 1) * row_bytes)) {
    --used;
  }
  return used;
}

// Rows that a network has on the axis of each rule's letter: as many as the
// longest of its arrays, so that a hole in one of them is still found. Of a
// network that is nothing but filling, because it failed: all, to be refused.
std::map<std::string, int64_t> StepsOfNetwork(const Analysis& analysis,
                                              const InputArrays& inputs,
                                              const Ensemble& ensemble,
                                              int64_t network) {
  std::map<std::string, int64_t> steps;
  for (const std::string& name : ensemble.members) {
    const InputRule& rule = *FindInputRule(analysis, name);
    if (rule.steps) {
      int64_t& most = steps[rule.axes[0]];
      most = std::max(most, RowsInUse(inputs.at(name), network));
    }
  }
  return steps;
}

// The first `rows` rows of a network's array; 0 = all.
HostArray SliceOf(const HostArray& array, int64_t network, int64_t rows) {
  std::vector<int64_t> shape(array.shape().begin() + 1, array.shape().end());
  if (rows > 0) {
    shape[0] = std::min(shape[0], rows);
  }
  HostArray slice(array.dtype(), shape);
  const int64_t bytes = slice.size_bytes();
  if (bytes > 0) {
    std::memcpy(slice.mutable_data(),
                array.data() + network * NetworkBytes(array),
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
      // Those of a network that failed are refused when it comes to it; min and
      // max are of the others and bound what they need.
      info.facts->set_finite(true);
      info.facts->set_first_not_finite(-1);
      info.facts->set_whole(true);
      info.facts->set_binary(info.facts->min() >= 0 && info.facts->max() <= 1);
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

InputArrays ArraysOf(const Analysis& analysis,
                     const InputArrays& inputs,
                     const Ensemble& ensemble,
                     int64_t network) {
  std::map<std::string, int64_t> steps =
      StepsOfNetwork(analysis, inputs, ensemble, network);
  InputArrays one = inputs;
  for (const std::string& name : ensemble.members) {
    const InputRule& rule = *FindInputRule(analysis, name);
    const int64_t rows = rule.steps ? steps[rule.axes[0]] : 0;
    one[name] = SliceOf(inputs.at(name), network, rows);
  }
  return one;
}

}  // namespace modbound
