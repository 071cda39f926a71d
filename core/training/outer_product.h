#ifndef MODBOUND_CORE_TRAINING_OUTER_PRODUCT_H_
#define MODBOUND_CORE_TRAINING_OUTER_PRODUCT_H_

#include <cstdint>

#include "core/training/panels.h"

namespace modbound {

// result += left * right', the sum of `depth` outer products, in order: what a
// weight gradient is of errors and states. Column k of left (`rows` numbers,
// filled up to whole registers, PaddedRows) begins at left + k left_stride, of
// right (n numbers) at right + k right_stride. result: n columns
// `result_stride` apart, with room for PaddedRows(rows) each; what is written
// there beyond `rows` has no meaning. wide: with registers of 64 bytes; the
// bits are the same. Scalar: float or double.
template <typename Scalar>
void AddOuterProducts(const Scalar* left,
                      int64_t left_stride,
                      int64_t rows,
                      const Scalar* right,
                      int64_t right_stride,
                      int64_t n,
                      int64_t depth,
                      Scalar* result,
                      int64_t result_stride,
                      bool wide = internal::HasWideRegisters());

extern template void AddOuterProducts(const float*,
                                      int64_t,
                                      int64_t,
                                      const float*,
                                      int64_t,
                                      int64_t,
                                      int64_t,
                                      float*,
                                      int64_t,
                                      bool);
extern template void AddOuterProducts(const double*,
                                      int64_t,
                                      int64_t,
                                      const double*,
                                      int64_t,
                                      int64_t,
                                      int64_t,
                                      double*,
                                      int64_t,
                                      bool);

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_OUTER_PRODUCT_H_
