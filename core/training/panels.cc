#include "core/training/panels.h"

#include "core/training/wide_tile.h"

namespace modbound::internal {

bool HasWideRegisters() {
#ifdef MODBOUND_WIDE_TILES
  // What x86-64-v4 is.
  static const bool has =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return has;
#else
  return false;
#endif
}

template <typename Scalar>
void AddPanel(const Panel& panel,
              const TileFactors<Scalar>& factors,
              int64_t n,
              int64_t stride,
              Scalar* result) {
#ifdef MODBOUND_WIDE_TILES
  if (panel.wide) {
    return AddWideRegisters(panel.registers, factors, n, stride, result);
  }
#endif
  AddRegisters<Scalar, kRegisterBytes>(
      panel.registers, factors, n, stride, result);
}

template void AddPanel(
    const Panel&, const TileFactors<float>&, int64_t, int64_t, float*);
template void AddPanel(
    const Panel&, const TileFactors<double>&, int64_t, int64_t, double*);

}  // namespace modbound::internal
