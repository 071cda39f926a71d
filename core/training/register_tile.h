#ifndef MODBOUND_CORE_TRAINING_REGISTER_TILE_H_
#define MODBOUND_CORE_TRAINING_REGISTER_TILE_H_

#include <cstdint>
#include <cstring>

// The inner loop of PackedMatrix and AddOuterProducts: a block of a product
// whose sums all stay in registers. Scalar: float or double. kBytes: of a
// register, 32 (two of 16 where there are no wider ones) or 64. An element's
// sum runs in the same order in either.
//
// This header is compiled for two instruction sets (wide_tile.cc). What is in
// it must be a template of kBytes, or the linker may take the code of the one
// for the other.
namespace modbound::internal {

inline constexpr int64_t kMaxTileRegisters = 3;

// As many columns as leave room for their sums: twelve of sixteen registers, of
// 64 bytes 24 of 32. With one register of rows it is their number that keeps
// the multipliers busy.
template <int64_t kBytes>
constexpr int MaxTileColumns(int registers) {
  return kBytes == 32 && registers > 1 ? 4 : 8;
}

template <typename Scalar, int64_t kBytes>
struct Lanes {
  using Register [[gnu::vector_size(kBytes)]] = Scalar;
  static constexpr auto kCount = static_cast<int64_t>(kBytes / sizeof(Scalar));
};

// Where a tile finds its factors at step k: registers of rows at left + k
// left_step, the factor of column c at right + k right_step + c right_column.
template <typename Scalar>
struct TileFactors {
  const Scalar* left;
  int64_t left_step;
  const Scalar* right;
  int64_t right_step;
  int64_t right_column;
  int64_t depth;  // steps
};

// result (kRegisters registers of rows by kColumns columns, `stride` apart) +=
// the sum over k in order. The small loops must be unrolled for the sums to
// stay in registers.
template <typename Scalar, int64_t kBytes, int kRegisters, int kColumns>
void AddTile(const TileFactors<Scalar>& factors,
             int64_t stride,
             Scalar* result) {
  using Register = typename Lanes<Scalar, kBytes>::Register;
  constexpr int64_t kLaneCount = Lanes<Scalar, kBytes>::kCount;
  Register sums[kColumns][kRegisters] = {};
  const Scalar* left = factors.left;
  const Scalar* right = factors.right;
  for (int64_t k = 0; k < factors.depth; ++k) {
    Register rows[kRegisters];
#pragma GCC unroll 3
    for (int r = 0; r < kRegisters; ++r) {
      std::memcpy(&rows[r], left + r * kLaneCount, sizeof(Register));
    }
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) {
      const Scalar factor = right[c * factors.right_column];
#pragma GCC unroll 3
      for (int r = 0; r < kRegisters; ++r) {
        sums[c][r] += rows[r] * factor;
      }
    }
    left += factors.left_step;
    right += factors.right_step;
  }
#pragma GCC unroll 8
  for (int c = 0; c < kColumns; ++c) {
#pragma GCC unroll 3
    for (int r = 0; r < kRegisters; ++r) {
      Scalar* at = result + c * stride + r * kLaneCount;
      Register total;
      std::memcpy(&total, at, sizeof(Register));
      total += sums[c][r];
      std::memcpy(at, &total, sizeof(Register));
    }
  }
}

// Columns [0, n) of a panel of kRegisters registers, tile by tile.
template <typename Scalar, int64_t kBytes, int kRegisters>
void AddColumns(const TileFactors<Scalar>& factors,
                int64_t n,
                int64_t stride,
                Scalar* result) {
  const auto add = [&]<int kColumns>(int64_t column) {
    TileFactors<Scalar> tile = factors;
    tile.right += column * factors.right_column;
    AddTile<Scalar, kBytes, kRegisters, kColumns>(
        tile, stride, result + column * stride);
  };
  constexpr int kMaxColumns = MaxTileColumns<kBytes>(kRegisters);
  int64_t column = 0;
  for (; column + kMaxColumns <= n; column += kMaxColumns) {
    add.template operator()<kMaxColumns>(column);
  }
  if (kMaxColumns > 4 && column + 4 <= n) {
    add.template operator()<4>(column);
    column += 4;
  }
  for (; column + 3 <= n; column += 3) {
    add.template operator()<3>(column);
  }
  for (; column < n; ++column) {
    add.template operator()<1>(column);
  }
}

// The same for a panel of `registers` registers, 1 to kMaxTileRegisters.
template <typename Scalar, int64_t kBytes>
void AddRegisters(int64_t registers,
                  const TileFactors<Scalar>& factors,
                  int64_t n,
                  int64_t stride,
                  Scalar* result) {
  switch (registers) {
    case 3:
      return AddColumns<Scalar, kBytes, 3>(factors, n, stride, result);
    case 2:
      return AddColumns<Scalar, kBytes, 2>(factors, n, stride, result);
    default:
      return AddColumns<Scalar, kBytes, 1>(factors, n, stride, result);
  }
}

}  // namespace modbound::internal

#endif  // MODBOUND_CORE_TRAINING_REGISTER_TILE_H_
