#ifndef MODBOUND_CORE_TRAINING_PANELS_H_
#define MODBOUND_CORE_TRAINING_PANELS_H_

#include <cstdint>

#include "core/training/register_tile.h"

namespace modbound::internal {

// Columns are filled up to registers of so many bytes, whatever the machine
// has.
inline constexpr int64_t kRegisterBytes = 32;

// So many rows, filled up to whole registers.
template <typename Scalar>
constexpr int64_t PaddedRows(int64_t rows) {
  constexpr int64_t kCount = Lanes<Scalar, kRegisterBytes>::kCount;
  return (rows + kCount - 1) / kCount * kCount;
}

// Whether this build and this machine can use registers of 64 bytes.
bool HasWideRegisters();

// Rows [begin, begin + rows) of a matrix, 1 to kMaxTileRegisters registers.
struct Panel {
  int64_t begin = 0;
  int64_t rows = 0;
  int64_t registers = 0;
  bool wide = false;  // registers of 64 bytes
};

// The rows of a matrix, cut into panels: as even as possible, as a panel of one
// register leaves the multipliers idle. With wide registers, what is left of
// the rows for half of one is a panel of its own. Scalar: float or double.
template <typename Scalar>
class Panels {
 public:
  Panels(int64_t rows, bool wide)
      : wide_(wide),
        lanes_(Lanes<Scalar, kRegisterBytes>::kCount * (wide ? 2 : 1)),
        registers_(PaddedRows<Scalar>(rows) / lanes_),
        even_((registers_ + kMaxTileRegisters - 1) / kMaxTileRegisters),
        half_(PaddedRows<Scalar>(rows) > registers_ * lanes_) {}

  int64_t count() const { return even_ + (half_ ? 1 : 0); }
  Panel operator[](int64_t p) const {
    if (p == even_) {
      return {registers_ * lanes_, lanes_ / 2, 1, false};
    }
    const int64_t first = registers_ * p / even_;
    const int64_t registers = registers_ * (p + 1) / even_ - first;
    return {first * lanes_, registers * lanes_, registers, wide_};
  }

 private:
  bool wide_;
  int64_t lanes_;
  int64_t registers_;
  int64_t even_;
  bool half_;
};

// result (the panel's rows of n columns, `stride` apart) += the sum over the
// steps of `factors`, in order; the same bits with registers of either width.
// Scalar: float or double.
template <typename Scalar>
void AddPanel(const Panel& panel,
              const TileFactors<Scalar>& factors,
              int64_t n,
              int64_t stride,
              Scalar* result);

extern template void AddPanel(
    const Panel&, const TileFactors<float>&, int64_t, int64_t, float*);
extern template void AddPanel(
    const Panel&, const TileFactors<double>&, int64_t, int64_t, double*);

}  // namespace modbound::internal

#endif  // MODBOUND_CORE_TRAINING_PANELS_H_
