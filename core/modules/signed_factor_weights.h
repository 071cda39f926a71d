#ifndef MODBOUND_CORE_MODULES_SIGNED_FACTOR_WEIGHTS_H_
#define MODBOUND_CORE_MODULES_SIGNED_FACTOR_WEIGHTS_H_

#include "core/modules/computed_weights.h"

namespace modbound {

// w(i, j) = above W for W = z_i . z_j > 0, below W for W < 0, with another
// diagonal: what is not linear in W. Each tile is a product of rows of Z (N x
// T): a pass over the matrix takes 2 N^2 T operations, a row 2 N T.
class SignedFactorWeights : public ComputedWeights {
 public:
  // diagonal: w(i, i), N of them.
  SignedFactorWeights(Matrix Z, double above, double below, Vector diagonal);

  void MakeTile(absl::Span<const int32_t> rows,
                absl::Span<const int32_t> columns,
                Matrix& tile) const override;
  double Diagonal(int64_t i) const override;

 private:
  const Matrix Z_;
  const double above_;
  const double below_;
  const Vector diagonal_;
};

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_SIGNED_FACTOR_WEIGHTS_H_
