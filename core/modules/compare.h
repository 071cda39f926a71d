#ifndef MODBOUND_CORE_MODULES_COMPARE_H_
#define MODBOUND_CORE_MODULES_COMPARE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"

namespace modbound {

// Likeness of two partitions of the n units labelled in both. I mutual
// information, H entropies, natural logarithms. Degenerate pairs (both one
// module, or both all singletons) give RAND, ARI, NMI, AMI 1, MI by its
// formula, VI and VIN 0, ZRAND NaN. ZRAND is also NaN when one of the two is
// degenerate (its sd is 0) and for every n < 4, where its formula has no value.
// Without a unit in both there is nothing to agree on: every measure is NaN.
struct PartitionComparison {
  int64_t units = 0;    // n
  int64_t dropped = 0;  // units at -1 in either
  double rand = 0;      // (pairs together in both + apart in both) / C(n, 2)
  // (w - M1 M2 / M) / ((M1 + M2)/2 - M1 M2 / M), w pairs together in both, M1,
  // M2 in each, M = C(n, 2)  (Hubert & Arabie 1985).
  double ari = 0;
  // (w - M1 M2 / M) / sd(w) over permutations  (Traud et al. 2011).
  double zrand = 0;
  double nmi = 0;  // 2 I / (H1 + H2)
  // (I - E I) / ((H1 + H2)/2 - E I), E I exact  (Vinh et al. 2010).
  double ami = 0;
  double mi = 0;   // I
  double vi = 0;   // H1 + H2 - 2 I  (Meila 2007)
  double vin = 0;  // VI / ln n
};

struct ComparisonOptions {
  // E I costs O(sum over module pairs of their overlap range): off when AMI is
  // not wanted (ami is then NaN).
  bool ami = true;
};

// A partition with the members of its modules.
struct IndexedPartition {
  Labels labels;                 // by rising label without gaps, -1 kept
  std::vector<int32_t> members;  // labelled units by module, then rising
  std::vector<int32_t> first;    // of each module, in members; then their end
};

// a, b: of one length, labels >= -1.
PartitionComparison ComparePartitions(const Labels& a,
                                      const Labels& b,
                                      const ComparisonOptions& options = {});

// Many partitions of one set of units, prepared once to be compared in pairs.
class PartitionComparer {
 public:
  // partitions: of one length, labels >= -1.
  explicit PartitionComparer(const std::vector<Labels>& partitions,
                             const ComparisonOptions& options = {});

  // ComparePartitions of partitions a and b. Threads: safe from all. Cost: n,
  // besides what AMI costs.
  PartitionComparison Compare(std::size_t a, std::size_t b) const;

  // Estimate of the memory of one for P partitions of N units, and of what one
  // call of Compare works in.
  static double Bytes(int64_t partitions, int64_t units);
  static double WorkBytes(int64_t units);

 private:
  std::vector<IndexedPartition> partitions_;
  std::vector<long double> log_factorial_;  // empty without AMI
};

// Adjusted Rand index only; NaN without a unit in both.
double AdjustedRandIndex(const Labels& a, const Labels& b);

// Overlap counts of modules of a (rows) with those of b (columns), both by
// rising label without gaps.
Matrix Contingency(const Labels& a, const Labels& b);

// b renumbered to agree with a as far as one-to-one matching of modules allows
// (largest total overlap); modules of b without a partner get the numbers that
// a does not use, in rising order. -1 kept. Errors: kCancelled.
absl::StatusOr<Labels> MatchLabels(const Labels& a,
                                   const Labels& b,
                                   const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_COMPARE_H_
