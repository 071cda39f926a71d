#include "core/modules/hierarchy.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/progress_counter.h"
#include "core/base/random.h"
#include "core/modules/labels.h"

namespace modbound {
namespace {

using Units = std::vector<int64_t>;

// The units of each module, in the order of labels 0, 1, ...
std::vector<Units> UnitsOfModules(const Labels& labels) {
  std::vector<Units> units(ModuleSizes(labels).size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= 0) {
      units[labels[i]].push_back(static_cast<int64_t>(i));
    }
  }
  return units;
}

// Labels of the units of one module; all 0 when it does not split.
absl::StatusOr<Labels> SplitModule(const Matrix& weights,
                                   const Matrix* null_matrix,
                                   const Units& units,
                                   const PartitionOptions& options,
                                   const Execution& execution) {
  const Labels whole(units.size(), 0);
  Matrix within = RestrictMatrix(weights, units);
  if (units.size() < 2 || within.isZero(0)) {
    return whole;
  }
  Matrix null_within;
  if (options.quality.function == QualityFunction::kCustom) {
    null_within = RestrictMatrix(*null_matrix, units);
  }
  MODBOUND_ASSIGN_OR_RETURN(
      const ModularityProblem problem,
      ModularityProblem::Make(
          within, options.quality, &null_within, execution));
  MODBOUND_ASSIGN_OR_RETURN(const std::vector<double> unsplit,
                            problem.Qualities({whole}, execution));
  MODBOUND_ASSIGN_OR_RETURN(
      PartitionResult split,
      Partition(std::move(within), {}, options, execution, &null_within));
  return split.quality - unsplit[0] > problem.gain_floor()
             ? std::move(split.labels)
             : whole;
}

// What modules are split with. Units without weights inside their module stay
// with it or go off on their own: none is left out. The tolerance for asymmetry
// was that of the whole matrix.
PartitionOptions OptionsWithin(const PartitionOptions& options) {
  PartitionOptions within = options;
  within.include_silent = true;
  within.quality.directed = true;
  return within;
}

}  // namespace

absl::StatusOr<std::vector<Labels>> Hierarchy(const Matrix& weights,
                                              const Labels& labels,
                                              const PartitionOptions& options,
                                              const Execution& execution,
                                              const Matrix* null_matrix) {
  std::vector<Labels> levels = {labels};
  PartitionOptions within = OptionsWithin(options);
  std::vector<Units> open = UnitsOfModules(labels);
  if (open.size() < 2) {
    open.clear();
  }
  uint64_t tried = 0;
  while (!open.empty() && levels.size() < kMaxLevels) {
    Labels finer = levels.back();
    int32_t next = NumModules(finer);
    std::vector<Units> opened;
    for (std::size_t module = 0; module < open.size(); ++module) {
      within.seed =
          RandomStream(options.seed, RandomPurpose::kSubmoduleSeed, tried++)
              .Bits();
      MODBOUND_ASSIGN_OR_RETURN(
          const Labels split,
          SplitModule(weights,
                      null_matrix,
                      open[module],
                      within,
                      ForPart(execution,
                              absl::StrCat("level ",
                                           levels.size() + 1,
                                           ", module ",
                                           module + 1,
                                           " of ",
                                           open.size()))));
      std::vector<Units> parts = UnitsOfModules(split);
      if (parts.size() < 2) {
        continue;
      }
      for (std::size_t part = 0; part < parts.size(); ++part) {
        for (int64_t& unit : parts[part]) {
          unit = open[module][static_cast<std::size_t>(unit)];
          finer[unit] = part == 0 ? finer[unit] : next;
        }
        next += part == 0 ? 0 : 1;
        opened.push_back(std::move(parts[part]));
      }
    }
    if (opened.empty()) {
      break;
    }
    levels.push_back(CanonicalLabels(finer));
    open = std::move(opened);
  }
  return levels;
}

}  // namespace modbound
