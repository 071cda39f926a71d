#include "core/modules/factor_sums.h"

#include <algorithm>

#include "core/base/parallel.h"
#include "core/modules/labels.h"
#include "core/modules/row_sums.h"

namespace modbound {
namespace {

// Columns of one work item: a row's part of them stays in registers.
constexpr int64_t kSumVectors = 8;
constexpr int64_t kSumBlock = kSumVectors * kWidth;
// Numbers of module sums that stay in cache: labellings are taken so many at a
// time.
constexpr int64_t kCachedSums = int64_t{1} << 15;
// Rows between two looks at the stop flag.
constexpr int64_t kStopRows = 4096;

// Some labellings, as places where the sums of each unit's modules are.
struct Places {
  int64_t labellings = 0;
  int64_t modules = 0;
  std::vector<int32_t> of_units;  // units x labellings
};

Places PlacesOf(const std::vector<Labels>& batch,
                int64_t first,
                int64_t count,
                int64_t modules) {
  Places places{count, modules, {}};
  const std::size_t units = batch[first].size();
  places.of_units.reserve(units * static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < units; ++i) {
    for (int64_t b = 0; b < count; ++b) {
      places.of_units.push_back(static_cast<int32_t>(
          (b * modules + batch[first + b][i]) * kSumBlock));
    }
  }
  return places;
}

// Adds values[0 ... kSumBlock) to the sums at each place.
void AddToPlaces(const double* values,
                 const int32_t* places,
                 int64_t count,
                 double* sums) {
  Doubles value[kSumVectors];
  for (int64_t v = 0; v < kSumVectors; ++v) {
    value[v] = LoadFour<Doubles>(values + v * kWidth);
  }
  for (int64_t b = 0; b < count; ++b) {
    double* sum = sums + places[b];
    for (int64_t v = 0; v < kSumVectors; ++v) {
      const Doubles next = LoadFour<Doubles>(sum + v * kWidth) + value[v];
      std::memcpy(sum + v * kWidth, &next, sizeof next);
    }
  }
}

// squares[b] += sum of the squares of the module sums of columns first ...
// first + count - 1.
absl::Status AddSquares(const Matrix& Z,
                        const Places& places,
                        int64_t first,
                        int64_t count,
                        const Execution& execution,
                        double* squares) {
  Matrix sums = Matrix::Zero(places.labellings, places.modules * kSumBlock);
  double values[kSumBlock] = {};
  for (int64_t i = 0; i < Z.rows(); ++i) {
    if (i % kStopRows == 0 && execution.stopped()) {
      return StoppedError();
    }
    const double* row = Z.data() + i * Z.cols() + first;
    if (count < kSumBlock) {
      std::copy(row, row + count, values);
      row = values;
    }
    AddToPlaces(row,
                places.of_units.data() + i * places.labellings,
                places.labellings,
                sums.data());
  }
  for (int64_t b = 0; b < places.labellings; ++b) {
    for (int64_t m = 0; m < places.modules; ++m) {
      squares[b] += sums.row(b).segment<kSumBlock>(m * kSumBlock).squaredNorm();
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<double>> SquaredModuleSums(
    const Matrix& Z,
    const std::vector<Labels>& batch,
    const Execution& execution) {
  const auto labellings = static_cast<int64_t>(batch.size());
  int64_t modules = 1;
  for (const Labels& labels : batch) {
    modules =
        std::max(modules, static_cast<int64_t>(ModuleSizes(labels).size()));
  }
  const int64_t at_once =
      std::max<int64_t>(1, kCachedSums / (modules * kSumBlock));
  const int64_t blocks = (Z.cols() + kSumBlock - 1) / kSumBlock;
  std::vector<double> sums(batch.size(), 0);
  for (int64_t first = 0; first < labellings; first += at_once) {
    const int64_t count = std::min(at_once, labellings - first);
    const Places places = PlacesOf(batch, first, count, modules);
    Matrix squares = Matrix::Zero(blocks, count);
    MODBOUND_RETURN_IF_ERROR(ParallelForBlocks(
        Z.cols(), kSumBlock, execution, [&](int64_t column, int64_t width) {
          return AddSquares(Z,
                            places,
                            column,
                            width,
                            execution,
                            squares.row(column / kSumBlock).data());
        }));
    for (int64_t block = 0; block < blocks; ++block) {
      for (int64_t b = 0; b < count; ++b) {
        sums[first + b] += squares(block, b);
      }
    }
  }
  return sums;
}

}  // namespace modbound
