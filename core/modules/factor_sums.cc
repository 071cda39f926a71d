#include "core/modules/factor_sums.h"

#include <algorithm>
#include <utility>

#include "core/base/parallel.h"
#include "core/modules/labels.h"
#include "core/modules/row_sums.h"

namespace modbound {
namespace {

// Columns of one work item: a row's part of them stays in registers.
constexpr int64_t kSumVectors = 8;
constexpr int64_t kSumBlock = kSumVectors * kWidth;
// Numbers of module sums that stay in the first-level cache: so many labellings
// are taken at a time.
constexpr int64_t kCachedSums = 3072;
// Rows between two looks at the stop flag.
constexpr int64_t kStopRows = 4096;

// Some labellings, as places where the sums of each unit's modules are.
struct Places {
  int64_t first = 0;  // labelling
  int64_t labellings = 0;
  std::vector<int32_t> of_units;  // units x labellings
};

std::vector<Places> PlacesOf(const std::vector<Labels>& batch,
                             int64_t modules) {
  const auto labellings = static_cast<int64_t>(batch.size());
  const int64_t at_once =
      std::max<int64_t>(1, kCachedSums / (modules * kSumBlock));
  std::vector<Places> all;
  for (int64_t first = 0; first < labellings; first += at_once) {
    Places places{first, std::min(at_once, labellings - first), {}};
    const std::size_t units = batch[first].size();
    places.of_units.reserve(units *
                            static_cast<std::size_t>(places.labellings));
    for (std::size_t i = 0; i < units; ++i) {
      for (int64_t b = 0; b < places.labellings; ++b) {
        places.of_units.push_back(static_cast<int32_t>(
            (b * modules + batch[first + b][i]) * kSumBlock));
      }
    }
    all.push_back(std::move(places));
  }
  return all;
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

// Columns first ... first + count - 1, then zeros: kSumBlock of them.
Matrix BlockOfColumns(const Matrix& Z, int64_t first, int64_t count) {
  Matrix block = Matrix::Zero(Z.rows(), kSumBlock);
  block.leftCols(count) = Z.middleCols(first, count);
  return block;
}

// squares[b] = sum of the squares of the module sums of some columns, for each
// labelling b of `places`.
absl::Status SumSquares(const Matrix& columns,
                        const Places& places,
                        int64_t modules,
                        const Execution& execution,
                        double* squares) {
  Matrix sums = Matrix::Zero(places.labellings * modules, kSumBlock);
  for (int64_t i = 0; i < columns.rows(); ++i) {
    if (i % kStopRows == 0 && execution.stopped()) {
      return StoppedError();
    }
    AddToPlaces(columns.data() + i * kSumBlock,
                places.of_units.data() + i * places.labellings,
                places.labellings,
                sums.data());
  }
  for (int64_t b = 0; b < places.labellings; ++b) {
    squares[places.first + b] = 0;
    for (int64_t m = 0; m < modules; ++m) {
      squares[places.first + b] += sums.row(b * modules + m).squaredNorm();
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<double>> SquaredModuleSums(
    const Matrix& Z,
    const std::vector<Labels>& batch,
    const Execution& execution) {
  int64_t modules = 1;
  for (const Labels& labels : batch) {
    modules =
        std::max(modules, static_cast<int64_t>(ModuleSizes(labels).size()));
  }
  const std::vector<Places> all = PlacesOf(batch, modules);
  Matrix squares((Z.cols() + kSumBlock - 1) / kSumBlock,
                 static_cast<Eigen::Index>(batch.size()));
  MODBOUND_RETURN_IF_ERROR(ParallelForBlocks(
      Z.cols(), kSumBlock, execution, [&](int64_t first, int64_t count) {
        const Matrix columns = BlockOfColumns(Z, first, count);
        absl::Status status;
        for (std::size_t p = 0; p < all.size() && status.ok(); ++p) {
          status = SumSquares(columns,
                              all[p],
                              modules,
                              execution,
                              squares.row(first / kSumBlock).data());
        }
        return status;
      }));
  std::vector<double> sums(batch.size(), 0);
  for (Eigen::Index block = 0; block < squares.rows(); ++block) {
    for (std::size_t b = 0; b < batch.size(); ++b) {
      sums[b] += squares(block, static_cast<Eigen::Index>(b));
    }
  }
  return sums;
}

}  // namespace modbound
