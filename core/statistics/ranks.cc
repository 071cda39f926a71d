#include "core/statistics/ranks.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/base/parallel.h"
#include "core/base/progress_counter.h"

namespace modbound {
namespace {

struct Item {
  double value;
  int64_t index;
};

bool IsLess(const Item& a, const Item& b) { return a.value < b.value; }

// How many of the first k items of two merged runs are from a; of equal ones
// a's come first.
int64_t ItemsFromFirst(
    const Item* a, int64_t a_size, const Item* b, int64_t b_size, int64_t k) {
  int64_t low = std::max<int64_t>(0, k - b_size);
  int64_t high = std::min(k, a_size);
  while (low < high) {
    const int64_t i = low + (high - low) / 2;
    if (IsLess(b[k - i - 1], a[i])) {
      high = i;
    } else {
      low = i + 1;
    }
  }
  return low;
}

// Sorts blocks, then merges pairs of runs of blocks until one is left. Each
// pass writes block by block, and each block for itself.
class BlockSort {
 public:
  BlockSort(const Eigen::Ref<const Vector>& values, const Execution& execution)
      : execution_(execution),
        size_(values.size()),
        blocks_((size_ + kRankBlock - 1) / kRankBlock),
        counter_(execution, "ranks", "blocks", blocks_ * (2 + MergePasses())),
        items_(static_cast<std::size_t>(size_)),
        merged_(static_cast<std::size_t>(blocks_ > 1 ? size_ : 0)) {
    for (int64_t i = 0; i < size_; ++i) {
      items_[static_cast<std::size_t>(i)] = {values[i], i};
    }
  }

  absl::Status Run() {
    MODBOUND_RETURN_IF_ERROR(ForEachBlock([&](int64_t begin, int64_t end) {
      std::sort(items_.data() + begin, items_.data() + end, IsLess);
    }));
    for (int64_t width = kRankBlock; width < size_; width *= 2) {
      MODBOUND_RETURN_IF_ERROR(ForEachBlock(
          [&](int64_t begin, int64_t end) { MergePart(width, begin, end); }));
      items_.swap(merged_);
    }
    return absl::OkStatus();
  }

  // Of the sorted items. Each block ranks the groups of equal values that begin
  // in it.
  absl::Status FillRanks(Vector& ranks) {
    return ForEachBlock([&](int64_t begin, int64_t end) {
      int64_t first = begin;
      while (first > 0 && first < end &&
             !IsLess(Sorted(first - 1), Sorted(first))) {
        ++first;
      }
      while (first < end) {
        int64_t last = first;
        while (last + 1 < size_ && !IsLess(Sorted(first), Sorted(last + 1))) {
          ++last;
        }
        // Mean of the ranks first + 1 ... last + 1.
        const double rank = static_cast<double>(first + last + 2) / 2;
        for (; first <= last; ++first) {
          ranks[Sorted(first).index] = rank;
        }
      }
    });
  }

 private:
  const Item& Sorted(int64_t i) const {
    return items_[static_cast<std::size_t>(i)];
  }

  int64_t MergePasses() const {
    int64_t passes = 0;
    for (int64_t width = kRankBlock; width < size_; width *= 2) {
      ++passes;
    }
    return passes;
  }

  template <typename Work>
  absl::Status ForEachBlock(const Work& work) {
    return ParallelFor(blocks_, execution_, [&](int64_t block) {
      const int64_t begin = block * kRankBlock;
      work(begin, std::min(size_, begin + kRankBlock));
      counter_.Add(1);
      return absl::OkStatus();
    });
  }

  // Positions begin ... end - 1 of the merged runs of `width` items.
  void MergePart(int64_t width, int64_t begin, int64_t end) {
    const int64_t first = begin / (2 * width) * (2 * width);
    const int64_t middle = std::min(size_, first + width);
    const Item* a = items_.data() + first;
    const Item* b = items_.data() + middle;
    const int64_t a_size = middle - first;
    const int64_t b_size = std::min(size_, first + 2 * width) - middle;
    const int64_t a_begin = ItemsFromFirst(a, a_size, b, b_size, begin - first);
    const int64_t a_end = ItemsFromFirst(a, a_size, b, b_size, end - first);
    std::merge(a + a_begin,
               a + a_end,
               b + (begin - first - a_begin),
               b + (end - first - a_end),
               merged_.data() + begin,
               IsLess);
  }

  const Execution& execution_;
  int64_t size_;
  int64_t blocks_;
  ProgressCounter counter_;
  std::vector<Item> items_;
  std::vector<Item> merged_;
};

}  // namespace

absl::StatusOr<Vector> AverageRanks(const Eigen::Ref<const Vector>& values,
                                    const Execution& execution) {
  BlockSort sort(values, execution);
  MODBOUND_RETURN_IF_ERROR(sort.Run());
  Vector ranks(values.size());
  MODBOUND_RETURN_IF_ERROR(sort.FillRanks(ranks));
  return ranks;
}

}  // namespace modbound
