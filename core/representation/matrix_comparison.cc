#include "core/representation/matrix_comparison.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/modules/labels.h"
#include "core/modules/quality_input.h"
#include "core/statistics/correlation.h"

namespace modbound {
namespace {

std::vector<int64_t> UnitsOfBoth(const SimilarityMatrix& a,
                                 const SimilarityMatrix& b) {
  std::vector<int64_t> units;
  for (std::size_t i = 0; i < a.valid.size(); ++i) {
    if (a.valid[i] != 0 && b.valid[i] != 0) {
      units.push_back(static_cast<int64_t>(i));
    }
  }
  return units;
}

Labels KeepOnly(const Labels& labels, const std::vector<int64_t>& units) {
  Labels kept(labels.size(), -1);
  for (const int64_t unit : units) {
    kept[static_cast<std::size_t>(unit)] =
        labels[static_cast<std::size_t>(unit)];
  }
  return kept;
}

}  // namespace

absl::StatusOr<MatrixComparison> CompareThroughModules(
    const SimilarityMatrix& source,
    const Labels& source_labels,
    const SimilarityMatrix& target,
    const MatrixComparisonOptions& options,
    const Execution& execution) {
  const std::vector<int64_t> units = UnitsOfBoth(source, target);
  MatrixComparison result;
  result.units = static_cast<int64_t>(units.size());
  const Correlation active = PearsonCorrelation(
      UpperTriangle(source.values, units), UpperTriangle(target.values, units));
  result.r = active.r;
  result.p = active.p;
  if (execution.stopped()) {
    return StoppedError();
  }
  result.r_all_units = PearsonCorrelation(UpperTriangle(source.values),
                                          UpperTriangle(target.values))
                           .r;
  const Labels labels = KeepOnly(source_labels, units);
  if (LabelledUnits(labels).empty()) {
    result.induced.quality = kNaN;
    result.induced.null = Vector::Constant(options.null_count, kNaN);
    result.induced.excluded_units = static_cast<int64_t>(labels.size());
    result.induced_quality_all_units = kNaN;
    return result;
  }
  auto induced = ComputeInducedQuality(target.values,
                                       labels,
                                       options.quality,
                                       options.null_count,
                                       options.seed,
                                       execution);
  if (!induced.ok()) {
    return AsQualityError(induced.status());
  }
  result.induced = *std::move(induced);
  auto all = Quality(target.values,
                     WithSingletons(source_labels),
                     options.quality,
                     nullptr,
                     execution);
  if (!all.ok()) {
    return AsQualityError(all.status());
  }
  result.induced_quality_all_units = *all;
  return result;
}

}  // namespace modbound
