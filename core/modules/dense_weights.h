#ifndef MODBOUND_CORE_MODULES_DENSE_WEIGHTS_H_
#define MODBOUND_CORE_MODULES_DENSE_WEIGHTS_H_

#include <memory>
#include <vector>

#include "core/modules/row_sums.h"
#include "core/modules/weights.h"

namespace modbound {

// An N x N matrix of double or float.
template <typename Scalar>
class DenseWeights : public Weights {
 public:
  // values: size * size of them, row-major, 64-byte aligned, symmetric. Those
  // of double are the weights; those of float are scaled by sign in float64
  // whenever they are read, so that no digit is lost.
  DenseWeights(std::shared_ptr<const Scalar> values,
               int64_t size,
               const SignScale& scale = {});

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

 private:
  const Scalar* Row(int64_t i) const { return values_.get() + i * size(); }

  const std::shared_ptr<const Scalar> values_;
  const SignScale scale_;
};

extern template class DenseWeights<double>;
extern template class DenseWeights<float>;

// The weights of a matrix.
std::shared_ptr<const Weights> WeightsOf(Matrix matrix);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_DENSE_WEIGHTS_H_
