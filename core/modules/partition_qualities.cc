#include "core/modules/partition_qualities.h"

#include <cstdint>
#include <map>
#include <utility>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/base/progress_counter.h"
#include "core/modules/labels.h"

namespace modbound {
namespace {

// Indices of partitions that leave out the same units, rising.
using Group = std::vector<std::size_t>;

// Groups in the order of their first partition.
std::vector<Group> GroupByUnits(const std::vector<Labels>& partitions) {
  std::vector<Group> groups;
  std::map<std::vector<bool>, std::size_t> group_of;  // by units left out
  for (std::size_t p = 0; p < partitions.size(); ++p) {
    std::vector<bool> excluded;
    for (const int32_t label : partitions[p]) {
      excluded.push_back(label < 0);
    }
    const auto [at, is_new] = group_of.try_emplace(excluded, groups.size());
    if (is_new) {
      groups.emplace_back();
    }
    groups[at->second].push_back(p);
  }
  return groups;
}

// Evaluates a group; `qualities` is that of all partitions.
absl::Status EvaluateGroup(const LabelledProblem& labelled,
                           const std::vector<Labels>& partitions,
                           const Group& group,
                           const Execution& execution,
                           ProgressCounter& counter,
                           std::vector<double>& qualities) {
  const auto size = static_cast<int64_t>(group.size());
  return ParallelForBlocks(
      size,
      kQualityBatch,
      execution,
      [&](int64_t first, int64_t count) -> absl::Status {
        const int64_t end = first + count;
        std::vector<Labels> batch;
        for (int64_t i = first; i < end; ++i) {
          batch.push_back(CompactLabels(RestrictLabels(
              partitions[group[static_cast<std::size_t>(i)]], labelled.units)));
        }
        MODBOUND_ASSIGN_OR_RETURN(const std::vector<double> values,
                                  labelled.problem.Qualities(batch, execution));
        for (int64_t i = first; i < end; ++i) {
          qualities[group[static_cast<std::size_t>(i)]] =
              values[static_cast<std::size_t>(i - first)];
        }
        counter.Add(count);
        return absl::OkStatus();
      });
}

}  // namespace

absl::StatusOr<std::vector<double>> QualitiesOf(
    const Matrix& weights,
    const std::vector<Labels>& partitions,
    const QualityOptions& options,
    const Execution& execution,
    const Matrix* null_matrix) {
  for (const Labels& labels : partitions) {
    MODBOUND_RETURN_IF_ERROR(CheckLabels(labels, weights.rows(), "labels"));
  }
  std::vector<double> qualities(partitions.size());
  ProgressCounter counter(execution,
                          "quality",
                          "partitions",
                          static_cast<int64_t>(partitions.size()));
  for (const Group& group : GroupByUnits(partitions)) {
    if (execution.stopped()) {
      return StoppedError();
    }
    MODBOUND_ASSIGN_OR_RETURN(
        const LabelledProblem labelled,
        MakeLabelledProblem(
            weights, partitions[group.front()], options, null_matrix));
    MODBOUND_RETURN_IF_ERROR(EvaluateGroup(
        labelled, partitions, group, execution, counter, qualities));
  }
  return qualities;
}

}  // namespace modbound
