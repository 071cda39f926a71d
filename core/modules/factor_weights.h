#ifndef MODBOUND_CORE_MODULES_FACTOR_WEIGHTS_H_
#define MODBOUND_CORE_MODULES_FACTOR_WEIGHTS_H_

#include <memory>
#include <vector>

#include "core/modules/weights.h"

namespace modbound {

// Weights w = scale Z Z' with another diagonal, of a tall Z (N x T, T << N):
// the N x N products are never stored. The addend of a node is its row of Z, so
// that the link of u to m is scale z_u . S_m, less what u adds to it on the
// diagonal. Sums and qualities are float64. Rows (Weights::Rows) are products
// in float32, of many nodes at once: 2 N T operations a node, which decide
// where it moves while there are many modules.
class FactorWeights : public Weights {
 public:
  // float_Z: Z in float32. diagonal: w(i, i), N of them.
  FactorWeights(Matrix Z, FloatMatrix float_Z, double scale, Vector diagonal);

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
  int64_t BestBatch() const override;

 private:
  Matrix BetweenOf(const Labels& labels,
                   const Matrix& sums,
                   const Execution& execution) const;

  const Matrix Z_;
  const FloatMatrix float_Z_;
  const double scale_;
  const Vector diagonal_;
  // What a node adds to its own link by its addend, beyond w(i, i).
  Vector excess_;
};

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_FACTOR_WEIGHTS_H_
