#include "core/modules/partition_qualities.h"

#include <cstdint>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/kept_blocks.h"
#include "core/base/progress_counter.h"
#include "core/base/thread_share.h"
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

// Evaluates the group of index `number`; `qualities` is that of all partitions.
absl::Status EvaluateGroup(const LabelledProblem& labelled,
                           const std::vector<Labels>& partitions,
                           const Group& group,
                           std::size_t number,
                           const Execution& execution,
                           ProgressCounter& counter,
                           std::vector<double>& qualities) {
  KeptBlocks batches;
  batches.phase = absl::StrCat("quality of group ", number);
  batches.counter = &counter;
  batches.count = static_cast<int64_t>(group.size());
  batches.block = kQualityBatch;
  const Execution inside = ThreadShare(
      (batches.count + kQualityBatch - 1) / kQualityBatch, execution);
  const auto quality_of = [&](int64_t i) -> double& {
    return qualities[group[static_cast<std::size_t>(i)]];
  };
  batches.save = [&](int64_t first, int64_t count, StateWriter& state) {
    for (int64_t i = first; i < first + count; ++i) {
      state.AddDouble(quality_of(i));
    }
  };
  batches.load = [&](int64_t first, int64_t count, StateReader& state) {
    bool held = true;
    for (int64_t i = first; i < first + count; ++i) {
      held = held && state.ReadDouble(quality_of(i));
    }
    return held;
  };
  return RunKeptBlocks(
      batches, execution, [&](int64_t first, int64_t count) -> absl::Status {
        std::vector<Labels> batch;
        for (int64_t i = first; i < first + count; ++i) {
          batch.push_back(CompactLabels(RestrictLabels(
              partitions[group[static_cast<std::size_t>(i)]], labelled.units)));
        }
        MODBOUND_ASSIGN_OR_RETURN(const std::vector<double> values,
                                  labelled.problem.Qualities(batch, inside));
        for (int64_t i = first; i < first + count; ++i) {
          quality_of(i) = values[static_cast<std::size_t>(i - first)];
        }
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
  const std::vector<Group> groups = GroupByUnits(partitions);
  for (std::size_t number = 0; number < groups.size(); ++number) {
    const Group& group = groups[number];
    if (execution.stopped()) {
      return StoppedError();
    }
    MODBOUND_ASSIGN_OR_RETURN(const LabelledProblem labelled,
                              MakeLabelledProblem(weights,
                                                  partitions[group.front()],
                                                  options,
                                                  null_matrix,
                                                  execution));
    MODBOUND_RETURN_IF_ERROR(EvaluateGroup(
        labelled, partitions, group, number, execution, counter, qualities));
  }
  return qualities;
}

}  // namespace modbound
