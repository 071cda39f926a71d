#include "server/analyses/train_inputs.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/error.h"

namespace modbound {
namespace {

constexpr char kPositions[] = "positions";
constexpr char kDistances[] = "distances";
// Bytes of a number as a double; of one of a mask also as a byte, in two
// places.
constexpr int64_t kReadBytes = 10;

bool IsBias(std::size_t k) { return kNetworkArrayNames[k][0] == 'b'; }

std::string InitialName(std::size_t k) {
  return absl::StrCat("initial/", kNetworkArrayNames[k]);
}
std::string MaskName(std::size_t k) {
  return absl::StrCat("mask/", kNetworkArrayNames[k]);
}

std::vector<std::string> AxesOf(std::size_t k) {
  const std::vector<std::string> axes[kNetworkArrays] = {
      {"N", "I"}, {"N"}, {"N", "N"}, {"N"}, {"O", "N"}, {"O"}};
  return axes[k];
}

// Shape of each input that there can be.
std::map<std::string, std::vector<int64_t>> ShapesOf(const v1::TrainSpec& train,
                                                     const Task& task) {
  const int64_t N = train.model().hidden_size();
  std::map<std::string, std::vector<int64_t>> shapes;
  const auto sizes = NetworkArrayShapes(N, task.inputs(), task.outputs());
  for (std::size_t k = 0; k < kNetworkArrays; ++k) {
    std::vector<int64_t> shape = {sizes[k][0]};
    if (!IsBias(k)) {
      shape.push_back(sizes[k][1]);
      shapes[MaskName(k)] = shape;
    }
    shapes[InitialName(k)] = shape;
  }
  shapes[kPositions] = {N, 3};
  shapes[kDistances] = {N, N};
  return shapes;
}

absl::Status CheckShape(const std::string& name,
                        const InputInfo& info,
                        const std::vector<int64_t>& wanted) {
  const bool fits = std::equal(info.shape.begin(),
                               info.shape.end(),
                               wanted.begin(),
                               wanted.end(),
                               [](int64_t extent, int64_t want) {
                                 return extent < 0 || extent == want;
                               });
  const std::string field = "inputs." + name;
  return fits ? absl::OkStatus()
              : Refuse(reason::kWrongShape,
                       field,
                       absl::StrCat(field,
                                    " has shape ",
                                    ShapeText(info.shape),
                                    "; allowed for this model and task: ",
                                    ShapeText(wanted)));
}

absl::Status CheckMask(const std::string& name, const InputInfo& info) {
  if (!info.facts.has_value() || info.facts->binary()) {
    return absl::OkStatus();
  }
  const std::string field = "inputs." + name;
  return Refuse(reason::kNotBinary,
                field,
                absl::StrCat(field,
                             " holds numbers from ",
                             info.facts->min(),
                             " to ",
                             info.facts->max(),
                             "; allowed: 0 and 1"));
}

absl::Status CheckPlaces(const v1::TrainSpec& train, const InputInfos& inputs) {
  for (const char* name : {kPositions, kDistances}) {
    if (inputs.count(name) > 0 && train.regularization().spatial_cost() == 0) {
      return Refuse(reason::kContradiction,
                    absl::StrCat("inputs.", name),
                    absl::StrCat("inputs.",
                                 name,
                                 " is given and regularization.spatial_cost, "
                                 "which alone uses it, is 0"));
    }
  }
  const auto distances = inputs.find(kDistances);
  if (distances == inputs.end()) {
    return absl::OkStatus();
  }
  if (inputs.count(kPositions) > 0) {
    return Refuse(reason::kContradiction,
                  "inputs.distances",
                  "inputs.distances and inputs.positions are both given; "
                  "allowed: one of them");
  }
  const auto& facts = distances->second.facts;
  return facts.has_value() && facts->min() < 0
             ? Refuse(reason::kOutOfRange,
                      "inputs.distances",
                      absl::StrCat("inputs.distances holds ",
                                   facts->min(),
                                   "; allowed: >= 0"))
             : absl::OkStatus();
}

}  // namespace

std::vector<InputRule> TrainInputRules() {
  std::vector<InputRule> rules;
  for (std::size_t k = 0; k < kNetworkArrays; ++k) {
    rules.push_back({.name = InitialName(k),
                     .axes = AxesOf(k),
                     .comment = "Starts training instead of what the recipe "
                                "draws.",
                     .optional = true,
                     .group = "initial"});
  }
  for (std::size_t k = 0; k < kNetworkArrays; ++k) {
    if (!IsBias(k)) {
      rules.push_back({.name = MaskName(k),
                       .axes = AxesOf(k),
                       .comment = "0 or 1: a weight at 0 is 0 from the start "
                                  "and stays so.",
                       .optional = true,
                       .group = "mask"});
    }
  }
  rules.push_back({.name = kPositions,
                   .axes = {"N", "3"},
                   .comment =
                       "Where the units are, for spatial_cost; a regular "
                       "grid without.",
                   .optional = true});
  rules.push_back({.name = kDistances,
                   .axes = {"N", "N"},
                   .comment = "Distance of each two units, >= 0, for "
                              "spatial_cost, instead of positions.",
                   .optional = true});
  return rules;
}

absl::Status CheckTrainInputs(const v1::TrainSpec& train,
                              const Task& task,
                              const InputInfos& inputs) {
  const auto shapes = ShapesOf(train, task);
  for (const auto& [name, info] : inputs) {
    MODBOUND_RETURN_IF_ERROR(CheckShape(name, info, shapes.at(name)));
    if (name.rfind("mask/", 0) == 0) {
      MODBOUND_RETURN_IF_ERROR(CheckMask(name, info));
    }
  }
  return CheckPlaces(train, inputs);
}

double TrainInputBytes(const v1::TrainSpec& train,
                       const Task& task,
                       const InputInfos& inputs) {
  const auto shapes = ShapesOf(train, task);
  double bytes = 0;
  for (const auto& [name, info] : inputs) {
    // Of a type not known yet: the widest.
    const int64_t element =
        info.dtype == v1::DType::UNSPECIFIED ? 8 : ElementSize(info.dtype);
    bytes += static_cast<double>(NumElements(shapes.at(name))) *
             static_cast<double>(element + kReadBytes);
  }
  return bytes;
}

void ReadTrainInputs(const InputArrays& inputs, TrainOptions& options) {
  const auto read = [&](const std::string& name, Matrix& array) {
    if (const auto found = inputs.find(name); found != inputs.end()) {
      array = found->second.ToMatrix();
    }
  };
  for (std::size_t k = 0; k < kNetworkArrays; ++k) {
    read(InitialName(k), options.initial[k]);
    read(MaskName(k), options.masks[k]);
  }
  read(kPositions, options.regularization.positions);
  read(kDistances, options.regularization.distances);
}

absl::StatusOr<ArraySet> NamedArrays(
    const char* list,
    const google::protobuf::RepeatedPtrField<std::string>& names) {
  ArraySet named{};
  for (int i = 0; i < names.size(); ++i) {
    const auto found = std::find(
        kNetworkArrayNames.begin(), kNetworkArrayNames.end(), names[i]);
    if (found == kNetworkArrayNames.end()) {
      const std::string field = absl::StrCat(list, "[", i, "]");
      return Refuse(reason::kOutOfRange,
                    field,
                    absl::StrCat(field,
                                 " is \"",
                                 names[i],
                                 "\"; allowed: ",
                                 absl::StrJoin(kNetworkArrayNames, ", ")));
    }
    named[static_cast<std::size_t>(found - kNetworkArrayNames.begin())] = true;
  }
  return named;
}

}  // namespace modbound
