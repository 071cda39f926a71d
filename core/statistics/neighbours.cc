#include "core/statistics/neighbours.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <utility>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/base/progress_counter.h"

namespace modbound {
namespace {

constexpr int kIndexBits = 24;
constexpr double kSteps = 0x1p40 - 1;
// Nodes of one work item.
constexpr int64_t kNodeBlock = 64;
// One distance in so many is looked at for a bound of those that are wanted.
constexpr int64_t kSampleStep = 16;

// Distance and node; pairs order by both.
using Neighbour = std::pair<double, int32_t>;

// A distance below which `count` others probably lie, and not many more.
double GuessBound(const Vector& row, int64_t count) {
  std::vector<double> sample;
  for (Eigen::Index j = 0; j < row.size(); j += kSampleStep) {
    sample.push_back(row[j]);
  }
  const auto want = static_cast<double>(count) / kSampleStep;
  const auto at = static_cast<std::ptrdiff_t>(want + 4 * std::sqrt(want) + 4);
  if (at >= std::ssize(sample)) {
    return row.maxCoeff();
  }
  std::nth_element(sample.begin(), sample.begin() + at, sample.end());
  return *(sample.begin() + at);
}

// The nodes other than i within `bound`.
void TakeWithin(const Vector& row,
                int64_t i,
                double bound,
                std::vector<Neighbour>& taken) {
  taken.clear();
  for (Eigen::Index j = 0; j < row.size(); ++j) {
    if (row[j] <= bound && j != i) {
      taken.emplace_back(row[j], static_cast<int32_t>(j));
    }
  }
}

void NearestOf(const Vector& row,
               int64_t i,
               int64_t count,
               std::vector<Neighbour>& nearest) {
  TakeWithin(row, i, GuessBound(row, count), nearest);
  if (static_cast<int64_t>(nearest.size()) < count) {
    TakeWithin(row, i, row.maxCoeff(), nearest);
  }
  std::nth_element(
      nearest.begin(), nearest.begin() + (count - 1), nearest.end());
  nearest.resize(count);
  std::sort(nearest.begin(), nearest.end());
}

}  // namespace

absl::StatusOr<NeighbourTable> NeighbourTable::Make(
    const NodeDistances& distances, int64_t count, const Execution& execution) {
  const int64_t n = distances.size();
  NeighbourTable table;
  table.count_ = count;
  table.size_ = n;
  table.packed_.resize(n * count);
  ProgressCounter counter(execution, "neighbours", "nodes", n);
  MODBOUND_RETURN_IF_ERROR(ParallelForBlocks(
      n, kNodeBlock, execution, [&](int64_t first, int64_t size) {
        Vector row;
        std::vector<Neighbour> nearest;
        for (int64_t i = first; i < first + size; ++i) {
          if (execution.stopped()) {
            return StoppedError();
          }
          distances.Row(i, row);
          NearestOf(row, i, count, nearest);
          const double farthest = nearest.back().first;
          for (int64_t k = 0; k < count; ++k) {
            const auto [distance, node] = nearest[k];
            const double share = farthest == 0 ? 0 : distance / farthest;
            table.packed_[i * count + k] =
                static_cast<uint64_t>(std::llround(kSteps * share))
                    << kIndexBits |
                static_cast<uint64_t>(node);
          }
        }
        counter.Add(size);
        return absl::OkStatus();
      }));
  return table;
}

void NeighbourTable::Nearest(int64_t i, int64_t count, NearNodes& nodes) const {
  nodes.index.resize(count);
  nodes.share.resize(count);
  const uint64_t* packed = &packed_[i * count_];
  for (int64_t k = 0; k < count; ++k) {
    nodes.index[k] =
        static_cast<int32_t>(packed[k] & ((uint64_t{1} << kIndexBits) - 1));
    nodes.share[k] = static_cast<double>(packed[k] >> kIndexBits) / kSteps;
  }
}

}  // namespace modbound
