#include "core/training/packed_matrix.h"

#include <algorithm>
#include <cstring>

namespace modbound {
namespace {

// One 256-bit register (two of 128 bits where there are no wider ones).
constexpr int64_t kRegisterBytes = 32;
// Three registers of rows by four columns use twelve of sixteen registers for
// the sums.
constexpr int64_t kMaxRegisters = 3;
constexpr int64_t kMaxColumns = 4;

template <typename Scalar>
struct Lanes {
  using Register [[gnu::vector_size(kRegisterBytes)]] = Scalar;
  static constexpr auto kCount =
      static_cast<int64_t>(kRegisterBytes / sizeof(Scalar));
};

// Registers of each panel: as even as possible, as a panel of one register
// leaves the multipliers idle.
template <typename Scalar>
class PanelSizes {
 public:
  explicit PanelSizes(int64_t rows)
      : registers_((rows + Lanes<Scalar>::kCount - 1) / Lanes<Scalar>::kCount),
        panels_((registers_ + kMaxRegisters - 1) / kMaxRegisters) {}

  int64_t panels() const { return panels_; }
  int64_t padded_rows() const { return registers_ * Lanes<Scalar>::kCount; }
  // First register of panel p.
  int64_t Begin(int64_t p) const { return registers_ * p / panels_; }

 private:
  int64_t registers_;
  int64_t panels_;
};

template <typename Scalar>
typename Lanes<Scalar>::Register Load(const Scalar* values) {
  typename Lanes<Scalar>::Register loaded;
  std::memcpy(&loaded, values, sizeof(loaded));
  return loaded;
}

// result[0, rows) += sums.
template <typename Scalar>
void AddTo(const typename Lanes<Scalar>::Register& sums,
           int64_t rows,
           Scalar* result) {
  if (rows >= Lanes<Scalar>::kCount) {
    const auto total = Load(result) + sums;
    std::memcpy(result, &total, sizeof(total));
    return;
  }
  for (int64_t i = 0; i < rows; ++i) {
    result[i] += sums[i];
  }
}

// result (kRegisters registers of rows x kColumns columns, `stride` apart) +=
// panel * right (cols x kColumns, cols apart). Only `rows` rows are written.
// The small loops must be unrolled for the sums to stay in registers.
template <typename Scalar, int kRegisters, int kColumns>
void Multiply(const Scalar* panel,
              int64_t cols,
              const Scalar* right,
              int64_t rows,
              int64_t stride,
              Scalar* result) {
  using Register = typename Lanes<Scalar>::Register;
  constexpr int64_t kLaneCount = Lanes<Scalar>::kCount;
  Register sums[kColumns][kRegisters] = {};
  for (int64_t k = 0; k < cols; ++k) {
    Register left[kRegisters];
#pragma GCC unroll 3
    for (int r = 0; r < kRegisters; ++r) {
      left[r] = Load(panel + (k * kRegisters + r) * kLaneCount);
    }
#pragma GCC unroll 4
    for (int c = 0; c < kColumns; ++c) {
      const Scalar factor = right[c * cols + k];
#pragma GCC unroll 3
      for (int r = 0; r < kRegisters; ++r) {
        sums[c][r] += left[r] * factor;
      }
    }
  }
#pragma GCC unroll 4
  for (int c = 0; c < kColumns; ++c) {
#pragma GCC unroll 3
    for (int r = 0; r < kRegisters; ++r) {
      AddTo(sums[c][r],
            rows - r * kLaneCount,
            result + c * stride + r * kLaneCount);
    }
  }
}

template <typename Scalar, int kRegisters>
void MultiplyColumns(const Scalar* panel,
                     int64_t cols,
                     const Scalar* right,
                     int64_t n,
                     int64_t rows,
                     int64_t stride,
                     Scalar* result) {
  int64_t c = 0;
  for (; c + kMaxColumns <= n; c += kMaxColumns) {
    Multiply<Scalar, kRegisters, kMaxColumns>(
        panel, cols, right + c * cols, rows, stride, result + c * stride);
  }
  for (; c < n; ++c) {
    Multiply<Scalar, kRegisters, 1>(
        panel, cols, right + c * cols, rows, stride, result + c * stride);
  }
}

}  // namespace

template <typename Scalar>
void PackedMatrix<Scalar>::Pack(const Eigen::Ref<const Dense>& matrix) {
  rows_ = matrix.rows();
  cols_ = matrix.cols();
  const PanelSizes<Scalar> sizes(rows_);
  values_.setZero(sizes.padded_rows() * cols_);
  constexpr int64_t kLaneCount = Lanes<Scalar>::kCount;
  for (int64_t p = 0; p < sizes.panels(); ++p) {
    const int64_t first = sizes.Begin(p) * kLaneCount;
    const int64_t height = (sizes.Begin(p + 1) - sizes.Begin(p)) * kLaneCount;
    const int64_t count = std::min(height, rows_ - first);
    Scalar* panel = values_.data() + first * cols_;
    for (int64_t k = 0; k < cols_; ++k) {
      std::copy_n(matrix.col(k).data() + first, count, panel + k * height);
    }
  }
}

template <typename Scalar>
void PackedMatrix<Scalar>::MultiplyAdd(const Scalar* right,
                                       int64_t n,
                                       Scalar* result) const {
  const PanelSizes<Scalar> sizes(rows_);
  constexpr int64_t kLaneCount = Lanes<Scalar>::kCount;
  for (int64_t p = 0; p < sizes.panels(); ++p) {
    const int64_t first = sizes.Begin(p) * kLaneCount;
    const int64_t registers = sizes.Begin(p + 1) - sizes.Begin(p);
    const int64_t rows = std::min(registers * kLaneCount, rows_ - first);
    const Scalar* panel = values_.data() + first * cols_;
    switch (registers) {
      case 3:
        MultiplyColumns<Scalar, 3>(
            panel, cols_, right, n, rows, rows_, result + first);
        break;
      case 2:
        MultiplyColumns<Scalar, 2>(
            panel, cols_, right, n, rows, rows_, result + first);
        break;
      default:
        MultiplyColumns<Scalar, 1>(
            panel, cols_, right, n, rows, rows_, result + first);
    }
  }
}

template class PackedMatrix<float>;
template class PackedMatrix<double>;

}  // namespace modbound
