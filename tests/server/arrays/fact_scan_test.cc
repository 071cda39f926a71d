#include "server/arrays/fact_scan.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "server/arrays/facts.h"

namespace modbound {
namespace {

constexpr DTypeEnum kTypes[] = {v1::DType::FLOAT32,
                                v1::DType::FLOAT64,
                                v1::DType::INT32,
                                v1::DType::INT64,
                                v1::DType::UINT8,
                                v1::DType::BOOL};

ReadBytes ReaderOf(const HostArray& array) {
  return [&array](int64_t offset, int64_t count, std::byte* out) {
    std::memcpy(out, array.data() + offset, static_cast<std::size_t>(count));
    return absl::OkStatus();
  };
}

// The facts by reading pieces of `piece` elements.
v1::ArrayFacts ScanInPieces(const HostArray& array, int64_t piece) {
  FactScan scan(array.dtype(), array.shape());
  const int64_t step = piece * ElementSize(array.dtype());
  for (int64_t at = 0; at < array.size_bytes(); at += step) {
    scan.Add(array.data() + at, std::min(step, array.size_bytes() - at));
  }
  EXPECT_TRUE(scan.CompareMirrored(ReaderOf(array), nullptr).ok());
  return scan.facts();
}

// The facts by their definition, one element and one pair after the other.
v1::ArrayFacts ByDefinition(const HostArray& array) {
  v1::ArrayFacts facts;
  facts.set_first_not_finite(-1);
  facts.set_asymmetry_row(-1);
  facts.set_asymmetry_column(-1);
  facts.set_binary(true);
  facts.set_whole(true);
  bool any = false;
  for (int64_t i = 0; i < array.size(); ++i) {
    const double value = array.At(i);
    if (!std::isfinite(value)) {
      facts.set_binary(false);
      facts.set_whole(false);
      if (facts.first_not_finite() < 0) {
        facts.set_first_not_finite(i);
      }
      continue;
    }
    facts.set_min(any ? std::min(facts.min(), value) : value);
    facts.set_max(any ? std::max(facts.max(), value) : value);
    any = true;
    facts.set_binary(facts.binary() && (value == 0 || value == 1));
    facts.set_whole(facts.whole() && value == std::round(value));
  }
  facts.set_finite(facts.first_not_finite() < 0);
  if (IsSquare(array.shape())) {
    const int64_t n = array.shape()[0];
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = i + 1; j < n; ++j) {
        const double difference =
            std::abs(array.At(i * n + j) - array.At(j * n + i));
        if (difference > facts.max_asymmetry()) {
          facts.set_max_asymmetry(difference);
          facts.set_asymmetry_row(i);
          facts.set_asymmetry_column(j);
        }
      }
    }
  }
  return facts;
}

// Few different values, so that several pairs differ most.
HostArray RandomArray(DTypeEnum dtype,
                      const std::vector<int64_t>& shape,
                      unsigned seed) {
  std::mt19937 random(seed);
  HostArray array(dtype, shape);
  std::byte* bytes = array.mutable_data();
  for (int64_t i = 0; i < array.size(); ++i) {
    const int value =
        static_cast<int>(random() % (dtype == v1::DType::BOOL ? 2 : 7));
    switch (dtype) {
      case v1::DType::FLOAT32:
        reinterpret_cast<float*>(bytes)[i] =
            0.5F * static_cast<float>(value) - 1;
        break;
      case v1::DType::FLOAT64:
        reinterpret_cast<double*>(bytes)[i] = 0.5 * value - 1;
        break;
      case v1::DType::INT32:
        reinterpret_cast<int32_t*>(bytes)[i] = value - 3;
        break;
      case v1::DType::INT64:
        reinterpret_cast<int64_t*>(bytes)[i] = (int64_t{1} << 60) * (value - 3);
        break;
      default:
        bytes[i] = static_cast<std::byte>(value);
    }
  }
  return array;
}

TEST(FactScan, GivesTheFactsByTheirDefinitionInMemoryAndInPieces) {
  // Below, on and beyond the tiles of memory (64) and of reads (1024).
  const std::vector<std::vector<int64_t>> shapes = {{},
                                                    {0},
                                                    {0, 0},
                                                    {7},
                                                    {1, 1},
                                                    {5, 5},
                                                    {64, 64},
                                                    {65, 65},
                                                    {40, 80},
                                                    {4, 5, 5},
                                                    {1025, 1025}};
  unsigned seed = 0;
  for (const auto& shape : shapes) {
    for (const DTypeEnum dtype : kTypes) {
      const HostArray array = RandomArray(dtype, shape, ++seed);
      const std::string expected = ByDefinition(array).DebugString();
      const std::string where = DTypeName(dtype) + ShapeText(shape);
      EXPECT_EQ(ScanFacts(array).DebugString(), expected) << where;
      EXPECT_EQ(ScanInPieces(array, 1000).DebugString(), expected) << where;
    }
  }
}

TEST(FactScan, FindsValuesThatAreNotFiniteInAnyPiece) {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Matrix matrix = Matrix::Random(100, 100);
  matrix(30, 40) = nan;
  matrix(30, 70) = inf;
  matrix(99, 99) = -inf;
  const HostArray array = HostArray::FromMatrix(matrix, {});
  const v1::ArrayFacts expected = ByDefinition(array);
  EXPECT_EQ(expected.first_not_finite(), 3040);
  EXPECT_EQ(expected.max_asymmetry(), inf);
  EXPECT_EQ(expected.asymmetry_column(), 70);
  EXPECT_EQ(ScanFacts(array).DebugString(), expected.DebugString());
  EXPECT_EQ(ScanInPieces(array, 7).DebugString(), expected.DebugString());
}

// One asymmetric pair at every kind of place in the grid of tiles that are
// read: on the diagonal, beside it, in the last incomplete ones.
TEST(FactScan, ReadsEveryPairOfTiles) {
  constexpr int64_t kSize = 2100;
  HostArray array(v1::DType::UINT8, {kSize, kSize});
  std::vector<std::pair<int64_t, int64_t>> pairs = {{0, 1},
                                                    {1023, 1024},
                                                    {500, 2099},
                                                    {1500, 1501},
                                                    {1500, 2050},
                                                    {2098, 2099}};
  for (const auto& [row, column] : pairs) {
    array.mutable_data()[column * kSize + row] = std::byte{9};
    FactScan scan(array.dtype(), array.shape());
    ASSERT_TRUE(scan.CompareMirrored(ReaderOf(array), nullptr).ok());
    EXPECT_EQ(scan.facts().max_asymmetry(), 9);
    EXPECT_EQ(scan.facts().asymmetry_row(), row);
    EXPECT_EQ(scan.facts().asymmetry_column(), column);
    array.mutable_data()[column * kSize + row] = std::byte{0};
  }
}

TEST(FactScan, ReadsNoMoreAtOnceThanItsTiles) {
  constexpr int64_t kSize = 3000;
  int64_t most = 0;
  int64_t bytes = 0;
  FactScan scan(v1::DType::FLOAT64, {kSize, kSize});
  ASSERT_TRUE(scan.CompareMirrored(
                      [&](int64_t, int64_t count, std::byte* out) {
                        most = std::max(most, count);
                        bytes += count;
                        std::memset(out, 0, static_cast<std::size_t>(count));
                        return absl::OkStatus();
                      },
                      nullptr)
                  .ok());
  EXPECT_LE(most, 8 * 1024);
  // Tiles on the diagonal twice, all others once.
  EXPECT_LE(bytes, 2 * 8 * kSize * kSize);
}

TEST(FactScan, EndsWhenItIsStoppedOrCannotRead) {
  FactScan scan(v1::DType::FLOAT64, {2000, 2000});
  StopFlag stop;
  int reads = 0;
  const absl::Status stopped = scan.CompareMirrored(
      [&](int64_t, int64_t, std::byte*) {
        ++reads;
        stop.Stop();
        return absl::OkStatus();
      },
      &stop);
  EXPECT_TRUE(absl::IsCancelled(stopped)) << stopped;
  EXPECT_LE(reads, 2 * 1024);
  const absl::Status unread = scan.CompareMirrored(
      [](int64_t, int64_t, std::byte*) {
        return absl::DataLossError("on purpose");
      },
      nullptr);
  EXPECT_TRUE(absl::IsDataLoss(unread)) << unread;
}

}  // namespace
}  // namespace modbound
