#ifndef MODBOUND_CORE_MODULES_AGREEMENT_WEIGHTS_H_
#define MODBOUND_CORE_MODULES_AGREEMENT_WEIGHTS_H_

#include <vector>

#include "core/modules/computed_weights.h"

namespace modbound {

// Units that share a module in every partition, as one node each.
struct AgreementGroups {
  Labels group;                       // of each unit, by first member
  std::vector<int64_t> size;          // units of each group
  std::vector<Labels> of_partitions;  // each partition's label of each group
};

// Agreement of groups g and h: the sum over pairs of units, one of each, of the
// fraction of partitions that put them together, 0 below tau; a unit is not
// paired with itself. Times `factor`. No G x G numbers are held: a row is made
// of R G comparisons.
class AgreementWeights : public ComputedWeights {
 public:
  // groups must outlive it.
  AgreementWeights(const AgreementGroups& groups, double tau, double factor);

  void MakeTile(absl::Span<const int32_t> rows,
                absl::Span<const int32_t> columns,
                Matrix& tile) const override;

 private:
  const AgreementGroups& groups_;
  const double tau_;
  const double factor_;
};

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_AGREEMENT_WEIGHTS_H_
