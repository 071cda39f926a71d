#ifndef MODBOUND_CORE_MODULES_COMPUTED_WEIGHTS_H_
#define MODBOUND_CORE_MODULES_COMPUTED_WEIGHTS_H_

#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "core/modules/weights.h"

namespace modbound {

// Weights that are computed, tile by tile, whenever they are asked for: for
// those that no sums of addends shorter than a row give. Each pass over the
// matrix makes all of it again, in parallel over fixed blocks.
class ComputedWeights : public Weights {
 public:
  // tile(r, c) = w(rows[r], columns[c]). Threads: safe from all.
  virtual void MakeTile(absl::Span<const int32_t> rows,
                        absl::Span<const int32_t> columns,
                        Matrix& tile) const = 0;

  double Diagonal(int64_t i) const override;
  double Trace() const override;
  double Sum(const Execution& execution) const override;
  std::unique_ptr<Rows> MakeRows() const override;
  const double* Addend(int64_t node, double* buffer) const override;
  void AddAddends(const Labels& labels,
                  const Execution& execution,
                  Matrix& sums) const override;
  void LinksFromSums(const Matrix& sums,
                     int64_t node,
                     int64_t own,
                     int64_t slots,
                     double* links) const override;
  Matrix Between(const Labels& labels,
                 int64_t modules,
                 const Matrix& sums) const override;
  Matrix BetweenFromRows(const Labels& labels,
                         int64_t modules,
                         const Execution& execution) const override;
  Matrix Restrict(const std::vector<int64_t>& nodes,
                  const Execution& execution) const override;
  absl::StatusOr<std::vector<double>> SumsWithin(
      const std::vector<Labels>& batch,
      const Execution& execution) const override;
  // Every batch makes the whole matrix again.
  int64_t BestBatch() const override { return 256; }

  // Sums of all rows. Half done when execution.stopped().
  Vector RowSums(const Execution& execution) const;

 protected:
  explicit ComputedWeights(int64_t size);

 private:
  absl::Span<const int32_t> Nodes(int64_t first, int64_t count) const;

  std::vector<int32_t> all_;  // 0 ... N - 1
};

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_COMPUTED_WEIGHTS_H_
