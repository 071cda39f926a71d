#ifndef MODBOUND_CORE_TRAINING_REGISTER_TILE_H_
#define MODBOUND_CORE_TRAINING_REGISTER_TILE_H_

#include <cstdint>
#include <cstring>

// The inner loop of PackedMatrix and AddOuterProducts: a block of a product
// whose sums all stay in registers. Scalar: float or double.
namespace modbound::internal {

// Registers of 256 bits (two of 128 bits each where there are no wider ones).
// Three of them of rows by four columns use twelve of sixteen for the sums.
// With one register of rows eight columns keep the multipliers busy.
inline constexpr int64_t kRegisterBytes = 32;
inline constexpr int64_t kMaxTileRegisters = 3;
constexpr int MaxTileColumns(int registers) { return registers == 1 ? 8 : 4; }

template <typename Scalar>
struct Lanes {
  using Register [[gnu::vector_size(kRegisterBytes)]] = Scalar;
  static constexpr auto kCount =
      static_cast<int64_t>(kRegisterBytes / sizeof(Scalar));

  static Register Load(const Scalar* values) {
    Register loaded;
    std::memcpy(&loaded, values, sizeof(loaded));
    return loaded;
  }
};

// So many rows, filled up to whole registers.
template <typename Scalar>
constexpr int64_t PaddedRows(int64_t rows) {
  constexpr int64_t kCount = Lanes<Scalar>::kCount;
  return (rows + kCount - 1) / kCount * kCount;
}

// The rows of a matrix, cut into panels of 1 to kMaxTileRegisters registers: as
// even as possible, as a panel of one register leaves the multipliers idle.
template <typename Scalar>
class Panels {
 public:
  explicit Panels(int64_t rows)
      : registers_(PaddedRows<Scalar>(rows) / Lanes<Scalar>::kCount),
        count_((registers_ + kMaxTileRegisters - 1) / kMaxTileRegisters) {}

  int64_t count() const { return count_; }
  // First row of panel p.
  int64_t Begin(int64_t p) const {
    return registers_ * p / count_ * Lanes<Scalar>::kCount;
  }
  int64_t Registers(int64_t p) const {
    return (Begin(p + 1) - Begin(p)) / Lanes<Scalar>::kCount;
  }

 private:
  int64_t registers_;
  int64_t count_;
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
template <typename Scalar, int kRegisters, int kColumns>
void AddTile(const TileFactors<Scalar>& factors,
             int64_t stride,
             Scalar* result) {
  using Register = typename Lanes<Scalar>::Register;
  constexpr int64_t kLaneCount = Lanes<Scalar>::kCount;
  Register sums[kColumns][kRegisters] = {};
  const Scalar* left = factors.left;
  const Scalar* right = factors.right;
  for (int64_t k = 0; k < factors.depth; ++k) {
    Register rows[kRegisters];
#pragma GCC unroll 3
    for (int r = 0; r < kRegisters; ++r) {
      rows[r] = Lanes<Scalar>::Load(left + r * kLaneCount);
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
      const Register total = Lanes<Scalar>::Load(at) + sums[c][r];
      std::memcpy(at, &total, sizeof(total));
    }
  }
}

// Columns [0, n) of a panel of kRegisters registers, tile by tile.
template <typename Scalar, int kRegisters>
void AddColumns(const TileFactors<Scalar>& factors,
                int64_t n,
                int64_t stride,
                Scalar* result) {
  const auto add = [&]<int kColumns>(int64_t column) {
    TileFactors<Scalar> tile = factors;
    tile.right += column * factors.right_column;
    AddTile<Scalar, kRegisters, kColumns>(
        tile, stride, result + column * stride);
  };
  constexpr int kMaxColumns = MaxTileColumns(kRegisters);
  int64_t column = 0;
  for (; column + kMaxColumns <= n; column += kMaxColumns) {
    add.template operator()<kMaxColumns>(column);
  }
  for (; column + 3 <= n; column += 3) {
    add.template operator()<3>(column);
  }
  for (; column < n; ++column) {
    add.template operator()<1>(column);
  }
}

// The same for a panel of `registers` registers, 1 to kMaxTileRegisters.
template <typename Scalar>
void AddPanel(int64_t registers,
              const TileFactors<Scalar>& factors,
              int64_t n,
              int64_t stride,
              Scalar* result) {
  switch (registers) {
    case 3:
      return AddColumns<Scalar, 3>(factors, n, stride, result);
    case 2:
      return AddColumns<Scalar, 2>(factors, n, stride, result);
    default:
      return AddColumns<Scalar, 1>(factors, n, stride, result);
  }
}

}  // namespace modbound::internal

#endif  // MODBOUND_CORE_TRAINING_REGISTER_TILE_H_
