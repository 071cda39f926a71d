#include "server/arrays/fact_scan.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "core/base/check.h"
#include "core/base/error.h"

namespace modbound {
namespace {

// Keeps both sides of a pair in cache.
constexpr int64_t kTile = 64;
// Rows and columns of a tile that is read: each of its rows is one read.
constexpr int64_t kReadTile = 1024;

// A rectangle of a matrix: element (i, j) is at data[i * stride + j].
template <typename T>
struct Tile {
  const T* data = nullptr;
  int64_t stride = 0;
};

// Where a tile lies in its matrix.
struct Place {
  int64_t row = 0;
  int64_t column = 0;
  int64_t rows = 0;
  int64_t columns = 0;
};

// Calls action(T()) with the C++ type of a dtype.
template <typename Action>
void WithType(DTypeEnum dtype, const Action& action) {
  switch (dtype) {
    // Each branch has another type.
    case v1::DType::FLOAT32:  // NOLINT(bugprone-branch-clone)
      return action(float());
    case v1::DType::FLOAT64:
      return action(double());
    case v1::DType::INT32:
      return action(int32_t());
    case v1::DType::INT64:
      return action(int64_t());
    case v1::DType::UINT8:
    case v1::DType::BOOL:
      return action(uint8_t());
    default:
      return;
  }
}

template <typename T>
void AddValues(const T* values,
               int64_t size,
               int64_t first_index,
               FactScan::Values& sum) {
  // A copy stays in registers.
  FactScan::Values found = sum;
  for (int64_t i = 0; i < size; ++i) {
    const auto value = static_cast<double>(values[i]);
    if (std::is_floating_point_v<T> && !std::isfinite(value)) {
      if (found.first_not_finite < 0) {
        found.first_not_finite = first_index + i;
      }
      continue;
    }
    found.min = std::min(found.min, value);
    found.max = std::max(found.max, value);
    found.binary = found.binary && (value == 0 || value == 1);
    found.whole = found.whole && value == std::floor(value);
  }
  sum = found;
}

void Note(double difference, int64_t row, int64_t column, FactScan::Pair& at) {
  const bool is_before = row < at.row || (row == at.row && column < at.column);
  if (difference > at.difference || is_before) {
    at = {difference, row, column};
  }
}

// Elements (i, j), i < j, of a part of a tile against those of its mirror.
template <typename T>
void ComparePart(const Place& place,
                 const Place& part,
                 Tile<T> tile,
                 Tile<T> mirror,
                 FactScan::Pair& worst) {
  for (int64_t i = part.row; i < part.row + part.rows; ++i) {
    const int64_t after_diagonal = place.row + i + 1 - place.column;
    for (int64_t j = std::max(part.column, after_diagonal);
         j < part.column + part.columns;
         ++j) {
      const double difference =
          std::abs(static_cast<double>(tile.data[i * tile.stride + j]) -
                   static_cast<double>(mirror.data[j * mirror.stride + i]));
      // Not NaN, and of equal ones the first.
      if (difference > 0 && difference >= worst.difference) {
        Note(difference, place.row + i, place.column + j, worst);
      }
    }
  }
}

// `mirror`: the tile at (place.column, place.row).
template <typename T>
absl::Status CompareTile(const Place& place,
                         Tile<T> tile,
                         Tile<T> mirror,
                         const StopFlag* stop,
                         FactScan::Pair& worst) {
  for (int64_t i = 0; i < place.rows; i += kTile) {
    if (stop != nullptr && stop->stopped()) {
      return StoppedError();
    }
    for (int64_t j = 0; j < place.columns; j += kTile) {
      ComparePart(place,
                  {i,
                   j,
                   std::min(kTile, place.rows - i),
                   std::min(kTile, place.columns - j)},
                  tile,
                  mirror,
                  worst);
    }
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status ReadTile(const ReadBytes& read,
                      int64_t n,
                      const Place& place,
                      std::vector<T>& out) {
  constexpr auto kSize = static_cast<int64_t>(sizeof(T));
  out.resize(static_cast<std::size_t>(place.rows * place.columns));
  for (int64_t i = 0; i < place.rows; ++i) {
    MODBOUND_RETURN_IF_ERROR(
        read(((place.row + i) * n + place.column) * kSize,
             place.columns * kSize,
             reinterpret_cast<std::byte*>(out.data() + i * place.columns)));
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status CompareRead(const ReadBytes& read,
                         int64_t n,
                         const StopFlag* stop,
                         FactScan::Pair& worst) {
  std::vector<T> tile;
  std::vector<T> mirror;
  for (int64_t row = 0; row < n; row += kReadTile) {
    for (int64_t column = row; column < n; column += kReadTile) {
      const Place place = {row,
                           column,
                           std::min(kReadTile, n - row),
                           std::min(kReadTile, n - column)};
      MODBOUND_RETURN_IF_ERROR(ReadTile(read, n, place, tile));
      MODBOUND_RETURN_IF_ERROR(
          ReadTile(read, n, {column, row, place.columns, place.rows}, mirror));
      MODBOUND_RETURN_IF_ERROR(CompareTile<T>(place,
                                              {tile.data(), place.columns},
                                              {mirror.data(), place.rows},
                                              stop,
                                              worst));
    }
  }
  return absl::OkStatus();
}

}  // namespace

bool IsSquare(const std::vector<int64_t>& shape) {
  return shape.size() == 2 && shape[0] == shape[1];
}

FactScan::FactScan(DTypeEnum dtype, const std::vector<int64_t>& shape)
    : dtype_(dtype), square_(IsSquare(shape) ? shape[0] : 0) {}

void FactScan::Add(const std::byte* bytes, int64_t count) {
  WithType(dtype_, [&](auto zero) {
    using T = decltype(zero);
    constexpr auto kSize = static_cast<int64_t>(sizeof(T));
    MODBOUND_DCHECK(count % kSize == 0);
    const int64_t size = count / kSize;
    AddValues(reinterpret_cast<const T*>(bytes), size, seen_, values_);
    seen_ += size;
  });
}

absl::Status FactScan::CompareMirrored(const std::byte* array,
                                       const StopFlag* stop) {
  absl::Status status;
  WithType(dtype_, [&](auto zero) {
    using T = decltype(zero);
    const Tile<T> whole = {reinterpret_cast<const T*>(array), square_};
    status =
        CompareTile<T>({0, 0, square_, square_}, whole, whole, stop, worst_);
  });
  return status;
}

absl::Status FactScan::CompareMirrored(const ReadBytes& read,
                                       const StopFlag* stop) {
  absl::Status status;
  WithType(dtype_, [&](auto zero) {
    status = CompareRead<decltype(zero)>(read, square_, stop, worst_);
  });
  return status;
}

v1::ArrayFacts FactScan::facts() const {
  const bool finite = values_.first_not_finite < 0;
  const bool any = values_.min <= values_.max;
  v1::ArrayFacts facts;
  facts.set_finite(finite);
  facts.set_first_not_finite(values_.first_not_finite);
  facts.set_min(any ? values_.min : 0);
  facts.set_max(any ? values_.max : 0);
  facts.set_binary(finite && values_.binary);
  facts.set_whole(finite && values_.whole);
  facts.set_max_asymmetry(worst_.difference);
  facts.set_asymmetry_row(worst_.row);
  facts.set_asymmetry_column(worst_.column);
  return facts;
}

}  // namespace modbound
