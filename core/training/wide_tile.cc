#include "core/training/wide_tile.h"

#include "core/training/register_tile.h"

namespace modbound::internal {

void AddWideRegisters(int64_t registers,
                      const TileFactors<float>& factors,
                      int64_t n,
                      int64_t stride,
                      float* result) {
  AddRegisters<float, 64>(registers, factors, n, stride, result);
}

void AddWideRegisters(int64_t registers,
                      const TileFactors<double>& factors,
                      int64_t n,
                      int64_t stride,
                      double* result) {
  AddRegisters<double, 64>(registers, factors, n, stride, result);
}

}  // namespace modbound::internal
