#include "core/modules/compare.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/modules/assignment.h"
#include "core/modules/expected_information.h"
#include "core/modules/labels.h"

namespace modbound {
namespace {

// Overlap of one module of each partition, in units; never 0.
struct Cell {
  int64_t a;  // size of a's module
  int64_t b;
  int64_t both;
};

struct Overlaps {
  int64_t n = 0;
  int64_t dropped = 0;
  std::vector<int64_t> sizes_a;
  std::vector<int64_t> sizes_b;
  std::vector<Cell> cells;
};

IndexedPartition IndexOf(const Labels& labels) {
  IndexedPartition index;
  index.labels = CompactLabels(labels);
  const std::vector<int64_t> sizes = ModuleSizes(index.labels);
  index.first.push_back(0);
  for (const int64_t size : sizes) {
    index.first.push_back(index.first.back() + static_cast<int32_t>(size));
  }
  index.members.resize(static_cast<std::size_t>(index.first.back()));
  std::vector<int32_t> next = index.first;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (index.labels[i] >= 0) {
      index.members[next[index.labels[i]]++] = static_cast<int32_t>(i);
    }
  }
  return index;
}

// Overlap of one module of a with the modules of b, in units.
struct Overlap {
  int32_t a;
  int32_t b;
  int64_t both;
};

// By rising a, then b; those of 0 are left out. One module of a at a time: a
// table of both would be n x n for two partitions into single units.
std::vector<Overlap> ListOverlaps(const IndexedPartition& a,
                                  const IndexedPartition& b) {
  std::vector<Overlap> overlaps;
  std::vector<int64_t> count(b.first.size() - 1, 0);
  std::vector<int32_t> met;
  for (std::size_t module = 0; module + 1 < a.first.size(); ++module) {
    met.clear();
    for (int32_t at = a.first[module]; at < a.first[module + 1]; ++at) {
      const int32_t other = b.labels[a.members[at]];
      if (other >= 0 && count[other]++ == 0) {
        met.push_back(other);
      }
    }
    std::sort(met.begin(), met.end());
    for (const int32_t other : met) {
      overlaps.push_back({static_cast<int32_t>(module), other, count[other]});
      count[other] = 0;
    }
  }
  return overlaps;
}

Overlaps CountOverlaps(const IndexedPartition& a, const IndexedPartition& b) {
  const std::vector<Overlap> list = ListOverlaps(a, b);
  Overlaps overlaps;
  overlaps.sizes_a.resize(a.first.size() - 1, 0);
  overlaps.sizes_b.resize(b.first.size() - 1, 0);
  for (const Overlap& overlap : list) {
    overlaps.n += overlap.both;
    overlaps.sizes_a[overlap.a] += overlap.both;
    overlaps.sizes_b[overlap.b] += overlap.both;
  }
  overlaps.dropped = static_cast<int64_t>(a.labels.size()) - overlaps.n;
  for (const Overlap& overlap : list) {
    overlaps.cells.push_back({overlaps.sizes_a[overlap.a],
                              overlaps.sizes_b[overlap.b],
                              overlap.both});
  }
  // Modules whose units the other partition excludes are none here.
  for (auto* sizes : {&overlaps.sizes_a, &overlaps.sizes_b}) {
    sizes->erase(std::remove(sizes->begin(), sizes->end(), 0), sizes->end());
  }
  return overlaps;
}

double Pairs(int64_t n) {
  return 0.5 * static_cast<double>(n) * static_cast<double>(n - 1);
}

double PairsWithin(const std::vector<int64_t>& sizes) {
  double pairs = 0;
  for (const int64_t size : sizes) {
    pairs += Pairs(size);
  }
  return pairs;
}

double Entropy(const std::vector<int64_t>& sizes, int64_t n) {
  double entropy = 0;
  for (const int64_t size : sizes) {
    const double share = static_cast<double>(size) / static_cast<double>(n);
    entropy -= share * std::log(share);
  }
  return entropy;
}

// Counts of pairs: all, together in a, in b, in both.
struct PairCounts {
  double all;
  double a;
  double b;
  double both;
};

PairCounts CountPairs(const Overlaps& overlaps) {
  PairCounts pairs{Pairs(overlaps.n),
                   PairsWithin(overlaps.sizes_a),
                   PairsWithin(overlaps.sizes_b),
                   0};
  for (const Cell& cell : overlaps.cells) {
    pairs.both += Pairs(cell.both);
  }
  return pairs;
}

double AdjustedRand(const PairCounts& pairs) {
  const bool apart = pairs.a == 0 && pairs.b == 0;
  const bool together = pairs.a == pairs.all && pairs.b == pairs.all;
  if (apart || together) {
    return 1;
  }
  const double expected = pairs.a * pairs.b / pairs.all;
  return (pairs.both - expected) / ((pairs.a + pairs.b) / 2 - expected);
}

// Exact variance of the pairs together in both over permutations (Traud et al.
// 2011). Terms of order n^4 cancel: in long double.
double ZRand(const Overlaps& overlaps, const PairCounts& pairs) {
  const bool degenerate = pairs.a == 0 || pairs.b == 0 ||
                          pairs.a == pairs.all || pairs.b == pairs.all;
  if (degenerate || overlaps.n < 4) {
    return kNaN;
  }
  using Real = long double;
  const Real n = overlaps.n;
  const Real all = pairs.all;
  auto third = [&](const std::vector<int64_t>& sizes, Real within) {
    Real cubes = 0;
    for (const int64_t size : sizes) {
      cubes += static_cast<Real>(size) * size * size;
    }
    return n * (n * n - 3 * n - 2) - 8 * (n + 1) * within + 4 * cubes;
  };
  const Real c_a = third(overlaps.sizes_a, pairs.a);
  const Real c_b = third(overlaps.sizes_b, pairs.b);
  const Real d_a = 4 * static_cast<Real>(pairs.a) - 2 * all;
  const Real d_b = 4 * static_cast<Real>(pairs.b) - 2 * all;
  const Real variance = all / 16 - d_a * d_a * d_b * d_b / (256 * all * all) +
                        c_a * c_b / (16 * n * (n - 1) * (n - 2)) +
                        (d_a * d_a - 4 * c_a - 4 * all) *
                            (d_b * d_b - 4 * c_b - 4 * all) /
                            (64 * n * (n - 1) * (n - 2) * (n - 3));
  const Real excess = static_cast<Real>(pairs.both) -
                      static_cast<Real>(pairs.a) * pairs.b / all;
  return variance > 0 ? static_cast<double>(excess / std::sqrt(variance))
                      : kNaN;
}

// MI, VI, VIN, NMI, AMI.
// log_factorial: empty = without AMI, which is then NaN.
void CompareInformation(const Overlaps& overlaps,
                        const std::vector<long double>& log_factorial,
                        PartitionComparison& result) {
  const auto n = static_cast<double>(overlaps.n);
  for (const Cell& cell : overlaps.cells) {
    const double share = static_cast<double>(cell.both) / n;
    const double of_a =
        static_cast<double>(cell.both) / static_cast<double>(cell.a);
    const double of_b =
        static_cast<double>(cell.both) / static_cast<double>(cell.b);
    result.mi += share * std::log(of_a / (static_cast<double>(cell.b) / n));
    // H1 + H2 - 2 I term by term: exactly 0 for equal partitions.
    result.vi -= share * (std::log(of_a) + std::log(of_b));
  }
  result.mi = std::max(0.0, result.mi);
  result.vin = overlaps.n > 1 ? result.vi / std::log(n) : 0;
  const double entropies = Entropy(overlaps.sizes_a, overlaps.n) +
                           Entropy(overlaps.sizes_b, overlaps.n);
  const bool degenerate =
      (overlaps.sizes_a.size() == 1 && overlaps.sizes_b.size() == 1) ||
      (static_cast<int64_t>(overlaps.sizes_a.size()) == overlaps.n &&
       static_cast<int64_t>(overlaps.sizes_b.size()) == overlaps.n);
  if (degenerate) {
    result.nmi = 1;
    result.ami = 1;
    return;
  }
  result.nmi = result.mi / (entropies / 2);
  result.ami = kNaN;
  if (!log_factorial.empty()) {
    const double expected = ExpectedMutualInformation(
        overlaps.sizes_a, overlaps.sizes_b, overlaps.n, log_factorial);
    result.ami = (result.mi - expected) / (entropies / 2 - expected);
  }
}

}  // namespace

PartitionComparer::PartitionComparer(const std::vector<Labels>& partitions,
                                     const ComparisonOptions& options) {
  for (const Labels& labels : partitions) {
    partitions_.push_back(IndexOf(labels));
  }
  if (options.ami) {
    log_factorial_ = LogFactorials(
        partitions.empty() ? 0 : static_cast<int64_t>(partitions[0].size()));
  }
}

PartitionComparison PartitionComparer::Compare(std::size_t a,
                                               std::size_t b) const {
  const Overlaps overlaps = CountOverlaps(partitions_[a], partitions_[b]);
  PartitionComparison result;
  result.units = overlaps.n;
  result.dropped = overlaps.dropped;
  if (overlaps.n == 0) {
    for (double* measure : {&result.rand,
                            &result.ari,
                            &result.zrand,
                            &result.nmi,
                            &result.ami,
                            &result.mi,
                            &result.vi,
                            &result.vin}) {
      *measure = kNaN;
    }
    return result;
  }
  const PairCounts pairs = CountPairs(overlaps);
  result.rand =
      pairs.all == 0
          ? 1
          : (pairs.all - pairs.a - pairs.b + 2 * pairs.both) / pairs.all;
  result.ari = AdjustedRand(pairs);
  result.zrand = ZRand(overlaps, pairs);
  CompareInformation(overlaps, log_factorial_, result);
  return result;
}

double PartitionComparer::Bytes(int64_t partitions, int64_t units) {
  const auto n = static_cast<double>(units);
  // Labels, members and first of each; ln k!.
  return static_cast<double>(partitions) * 12 * n + 16 * n;
}

double PartitionComparer::WorkBytes(int64_t units) {
  // At the most n modules a side and n overlaps: counts, the list as it grows,
  // sizes, cells as they grow.
  return static_cast<double>(units) *
         static_cast<double>(size_t{8 + 4} + 2 * sizeof(Overlap) +
                             size_t{2} * 8 + 2 * sizeof(Cell));
}

PartitionComparison ComparePartitions(const Labels& a,
                                      const Labels& b,
                                      const ComparisonOptions& options) {
  return PartitionComparer({a, b}, options).Compare(0, 1);
}

double AdjustedRandIndex(const Labels& a, const Labels& b) {
  const Overlaps overlaps = CountOverlaps(IndexOf(a), IndexOf(b));
  return overlaps.n == 0 ? kNaN : AdjustedRand(CountPairs(overlaps));
}

Matrix Contingency(const Labels& a, const Labels& b) {
  const Labels compact_a = CompactLabels(a);
  const Labels compact_b = CompactLabels(b);
  Matrix counts =
      Matrix::Zero(static_cast<Eigen::Index>(ModuleSizes(compact_a).size()),
                   static_cast<Eigen::Index>(ModuleSizes(compact_b).size()));
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] >= 0 && b[i] >= 0) {
      counts(compact_a[i], compact_b[i]) += 1;
    }
  }
  return counts;
}

absl::StatusOr<Labels> MatchLabels(const Labels& a,
                                   const Labels& b,
                                   const Execution& execution) {
  const Labels compact_b = CompactLabels(b);
  const Matrix counts = Contingency(a, b);
  // Numbers that a uses, by rising order as in the rows of `counts`.
  std::vector<int32_t> used;
  for (const int32_t label : a) {
    if (label >= 0) {
      used.push_back(label);
    }
  }
  std::sort(used.begin(), used.end());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  std::vector<int32_t> number(static_cast<std::size_t>(counts.cols()), -1);
  MODBOUND_ASSIGN_OR_RETURN(const std::vector<int32_t> column_of,
                            BestAssignment(counts, execution));
  for (std::size_t row = 0; row < column_of.size(); ++row) {
    if (column_of[row] >= 0) {
      number[column_of[row]] = used[row];
    }
  }
  int32_t next = 0;
  for (int32_t& label : number) {
    if (label >= 0) {
      continue;
    }
    while (std::binary_search(used.begin(), used.end(), next)) {
      ++next;
    }
    label = next++;
  }
  Labels matched(b.size(), -1);
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (b[i] >= 0) {
      matched[i] = number[compact_b[i]];
    }
  }
  return matched;
}

}  // namespace modbound
