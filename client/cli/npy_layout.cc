#include "client/cli/npy_layout.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace modbound {
namespace {

// One slice of the array at fixed middle indices: rows over the first axis,
// columns over the last.
struct Slice {
  const char* from = nullptr;
  char* to = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t from_column_step = 0;  // in elements; rows are adjacent
  int64_t to_row_step = 0;       // in elements; columns are adjacent
};

// Tiles keep both sides in the cache: a plain loop over a matrix of 30,000
// columns would miss it at every element.
constexpr int64_t kTile = 32;

template <size_t kSize>
void TransposeTile(const Slice& slice, int64_t row, int64_t column) {
  const int64_t row_end = std::min(row + kTile, slice.rows);
  const int64_t column_end = std::min(column + kTile, slice.columns);
  for (int64_t i = row; i < row_end; ++i) {
    for (int64_t j = column; j < column_end; ++j) {
      std::memcpy(slice.to + (i * slice.to_row_step + j) * kSize,
                  slice.from + (i + j * slice.from_column_step) * kSize,
                  kSize);
    }
  }
}

void Transpose(const Slice& slice, int item_size) {
  for (int64_t row = 0; row < slice.rows; row += kTile) {
    for (int64_t column = 0; column < slice.columns; column += kTile) {
      if (item_size == 1) {
        TransposeTile<1>(slice, row, column);
      } else if (item_size == 4) {
        TransposeTile<4>(slice, row, column);
      } else {
        TransposeTile<8>(slice, row, column);
      }
    }
  }
}

}  // namespace

std::string RowMajorFromColumnMajor(std::string_view bytes,
                                    const std::vector<int64_t>& shape,
                                    int item_size) {
  if (shape.size() < 2 || bytes.empty()) {
    return std::string(bytes);
  }
  std::string result(bytes.size(), '\0');
  const int64_t total = static_cast<int64_t>(bytes.size()) / item_size;
  const int64_t rows = shape.front();
  const int64_t columns = shape.back();
  const int64_t middle = total / rows / columns;
  // The middle axes, counted through in row-major order; their position in the
  // column-major source follows from the index of each axis.
  std::vector<int64_t> index(shape.size(), 0);
  for (int64_t m = 0; m < middle; ++m) {
    int64_t source = 0;
    int64_t step = rows;
    for (size_t axis = 1; axis + 1 < shape.size(); ++axis) {
      source += index[axis] * step;
      step *= shape[axis];
    }
    Transpose({.from = bytes.data() + source * item_size,
               .to = result.data() + m * columns * item_size,
               .rows = rows,
               .columns = columns,
               .from_column_step = rows * middle,
               .to_row_step = middle * columns},
              item_size);
    for (size_t axis = shape.size() - 2; axis >= 1; --axis) {
      if (++index[axis] < shape[axis]) {
        break;
      }
      index[axis] = 0;
    }
  }
  return result;
}

void SwapByteOrder(std::string& bytes, int item_size) {
  const auto step = static_cast<size_t>(item_size);
  for (size_t i = 0; i + step <= bytes.size(); i += step) {
    std::reverse(bytes.data() + i, bytes.data() + i + step);
  }
}

}  // namespace modbound
