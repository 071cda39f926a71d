#ifndef MODBOUND_CORE_TRAINING_WIDE_TILE_H_
#define MODBOUND_CORE_TRAINING_WIDE_TILE_H_

#include <cstdint>

#include "core/training/register_tile.h"

namespace modbound::internal {

// AddRegisters of 64 bytes each, compiled for x86-64-v4: only where
// HasWideRegisters. The same bits as with registers of 32 bytes, as both
// instruction sets multiply and add in one rounding. x86-64-v2 cannot: builds
// for it have no wide ones.
// Scalar: float or double.
template <typename Scalar>
void AddWideRegisters(int64_t registers,
                      const TileFactors<Scalar>& factors,
                      int64_t n,
                      int64_t stride,
                      Scalar* result);

extern template void AddWideRegisters(
    int64_t, const TileFactors<float>&, int64_t, int64_t, float*);
extern template void AddWideRegisters(
    int64_t, const TileFactors<double>&, int64_t, int64_t, double*);

}  // namespace modbound::internal

#endif  // MODBOUND_CORE_TRAINING_WIDE_TILE_H_
