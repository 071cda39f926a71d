#include "core/training/wide_tile.h"

#include "core/training/register_tile.h"

namespace modbound::internal {

template <typename Scalar>
void AddWideRegisters(int64_t registers,
                      const TileFactors<Scalar>& factors,
                      int64_t n,
                      int64_t stride,
                      Scalar* result) {
  AddRegisters<Scalar, 64>(registers, factors, n, stride, result);
}

template void AddWideRegisters(
    int64_t, const TileFactors<float>&, int64_t, int64_t, float*);
template void AddWideRegisters(
    int64_t, const TileFactors<double>&, int64_t, int64_t, double*);

}  // namespace modbound::internal
