#include "server/arrays/missing.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace modbound {
namespace {

template <typename T>
void FillWith(T value, int64_t count, std::byte* bytes) {
  std::fill_n(reinterpret_cast<T*>(bytes), count, value);
}

template <typename T, typename Predicate>
bool AllOf(const std::byte* bytes, int64_t count, const Predicate& predicate) {
  const auto* values = reinterpret_cast<const T*>(bytes);
  return std::all_of(values, values + count, predicate);
}

}  // namespace

void FillMissing(DTypeEnum dtype, int64_t count, std::byte* bytes) {
  switch (dtype) {
    case v1::DType::FLOAT64:
      return FillWith(std::numeric_limits<double>::quiet_NaN(), count, bytes);
    case v1::DType::FLOAT32:
      return FillWith(std::numeric_limits<float>::quiet_NaN(), count, bytes);
    case v1::DType::INT64:
      return FillWith<int64_t>(-1, count, bytes);
    case v1::DType::INT32:
      return FillWith<int32_t>(-1, count, bytes);
    default:
      return FillWith<uint8_t>(0, count, bytes);
  }
}

bool AllMissing(DTypeEnum dtype, int64_t count, const std::byte* bytes) {
  switch (dtype) {
    case v1::DType::FLOAT64:
      return AllOf<double>(
          bytes, count, [](double value) { return std::isnan(value); });
    case v1::DType::FLOAT32:
      return AllOf<float>(
          bytes, count, [](float value) { return std::isnan(value); });
    case v1::DType::INT64:
      return AllOf<int64_t>(
          bytes, count, [](int64_t value) { return value == -1; });
    case v1::DType::INT32:
      return AllOf<int32_t>(
          bytes, count, [](int32_t value) { return value == -1; });
    default:
      return AllOf<uint8_t>(
          bytes, count, [](uint8_t value) { return value == 0; });
  }
}

}  // namespace modbound
