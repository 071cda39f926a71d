#include "server/analyses/variogram_inputs.h"

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/modules/label_nulls.h"
#include "core/modules/labels.h"
#include "server/analyses/plan_estimates.h"
#include "server/analyses/quality_options.h"
#include "server/arrays/facts.h"

namespace modbound {
namespace {

constexpr char kDistancesInput[] = "distances";
constexpr char kCoordinatesInput[] = "coordinates";

absl::Status CheckPresence(v1::NullModel::Name null, const InputInfos& inputs) {
  const bool has_distances = inputs.count(kDistancesInput) > 0;
  const bool has_coordinates = inputs.count(kCoordinatesInput) > 0;
  const bool is_variogram = null == v1::NullModel::VARIOGRAM;
  if (is_variogram && !has_distances && !has_coordinates) {
    return Refuse(reason::kMissingField,
                  "inputs.distances",
                  "null VARIOGRAM needs the input distances (N, N) or "
                  "coordinates (N, D)");
  }
  if (is_variogram && has_distances && has_coordinates) {
    return Refuse(reason::kContradiction,
                  "inputs.coordinates",
                  "coordinates are given beside distances; allowed: one of "
                  "the two");
  }
  if (!is_variogram && (has_distances || has_coordinates)) {
    const std::string name =
        has_distances ? kDistancesInput : kCoordinatesInput;
    return Refuse(reason::kContradiction,
                  "inputs." + name,
                  absl::StrCat(name,
                               " is given, but null is ",
                               v1::NullModel::Name_Name(null),
                               "; allowed: VARIOGRAM"));
  }
  return absl::OkStatus();
}

absl::Status CheckDistanceFacts(const InputInfos& inputs) {
  const auto distances = inputs.find(kDistancesInput);
  if (distances == inputs.end() || !distances->second.facts.has_value()) {
    return absl::OkStatus();
  }
  const v1::ArrayFacts& facts = *distances->second.facts;
  if (facts.min() < 0) {
    return Refuse(reason::kOutOfRange,
                  "inputs.distances",
                  absl::StrCat("inputs.distances has a value of ",
                               facts.min(),
                               "; allowed: >= 0"));
  }
  return RequireSymmetric(facts, distances->second.dtype, "inputs.distances");
}

}  // namespace

std::vector<InputRule> PositionRules() {
  return {{.name = kDistancesInput,
           .axes = {"N", "N"},
           .comment = "Distances of the units, for VARIOGRAM; symmetric.",
           .optional = true},
          {.name = kCoordinatesInput,
           .axes = {"N", "D"},
           .comment = "Places of the units instead, for Euclidean distances.",
           .optional = true}};
}

absl::Status PlanVariogram(int64_t units,
                           const InputInfos& inputs,
                           v1::InducedQualitySpec& spec) {
  MODBOUND_RETURN_IF_ERROR(CheckPresence(spec.null(), inputs));
  if (spec.null() != v1::NullModel::VARIOGRAM) {
    return absl::OkStatus();
  }
  if (spec.deltas().empty()) {
    for (const double delta : VariogramOptions().deltas) {
      spec.add_deltas(delta);
    }
  }
  MODBOUND_RETURN_IF_ERROR(CheckDistanceFacts(inputs));
  if (units < 0) {
    return absl::OkStatus();
  }
  return VariogramSurrogates::CheckNodes(units,
                                         VariogramOptionsOf(spec),
                                         inputs.count(kDistancesInput) > 0
                                             ? "inputs.distances"
                                             : "inputs.coordinates");
}

VariogramOptions VariogramOptionsOf(const v1::InducedQualitySpec& spec) {
  VariogramOptions options;
  options.percentile = spec.percentile();
  options.bins = spec.bins();
  options.deltas.assign(spec.deltas().begin(), spec.deltas().end());
  options.nearest = spec.nearest();
  return options;
}

absl::StatusOr<VariogramSurrogates> MakeSurrogates(
    const v1::InducedQualitySpec& spec,
    const InputArrays& inputs,
    const Labels& labels,
    const Execution& execution) {
  const VariogramOptions options = VariogramOptionsOf(spec);
  const std::vector<int64_t> units = LabelledUnits(labels);
  if (const auto given = inputs.find(kDistancesInput); given != inputs.end()) {
    const Matrix distances = given->second.ToMatrix();
    MODBOUND_RETURN_IF_ERROR(CheckDistances(distances,
                                            static_cast<int64_t>(labels.size()),
                                            EpsilonOf(given->second.dtype()),
                                            execution));
    return VariogramSurrogates::Make(NodeDistances::OfMatrix(distances, units),
                                     options,
                                     spec.seed(),
                                     execution);
  }
  const Matrix coordinates = inputs.at(kCoordinatesInput).ToMatrix();
  MODBOUND_RETURN_IF_ERROR(CheckCoordinates(coordinates));
  return VariogramSurrogates::Make(
      NodeDistances::OfCoordinates(coordinates, units),
      options,
      spec.seed(),
      execution);
}

double SurrogateBytes(int64_t units,
                      const InputInfos& inputs,
                      const v1::InducedQualitySpec& spec) {
  const VariogramOptions options = VariogramOptionsOf(spec);
  double bytes = VariogramSurrogates::Bytes(units, options) +
                 VariogramSurrogates::MakeBytes(units, options);
  // As they came and as doubles; coordinates an axis a row too.
  bytes += InputBytes(inputs, kDistancesInput) +
           8 * ElementsOf(inputs, kDistancesInput);
  bytes += InputBytes(inputs, kCoordinatesInput) +
           16 * ElementsOf(inputs, kCoordinatesInput);
  return bytes;
}

}  // namespace modbound
