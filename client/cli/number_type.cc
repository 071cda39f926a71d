#include "client/cli/number_type.h"

#include <cstddef>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/error.h"

namespace modbound {
namespace {

template <typename From, typename To>
absl::StatusOr<std::string> Convert(const void* numbers, int64_t count) {
  const char* from = static_cast<const char*>(numbers);
  std::string bytes(static_cast<size_t>(count) * sizeof(To), '\0');
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    From value{};
    std::memcpy(&value, from + i * sizeof(From), sizeof(From));
    if constexpr (std::is_same_v<From, uint64_t>) {
      if (value > uint64_t{std::numeric_limits<int64_t>::max()}) {
        return MakeError(
            absl::StatusCode::kInvalidArgument,
            "OUT_OF_RANGE",
            "",
            absl::StrCat("element ", i, " is ", value, ", beyond int64"));
      }
    }
    // NOLINTNEXTLINE(bugprone-signed-char-misuse): an int8 is a number here.
    const To converted = static_cast<To>(value);
    std::memcpy(bytes.data() + i * sizeof(To), &converted, sizeof(To));
  }
  return bytes;
}

template <typename From>
absl::StatusOr<std::string> ConvertFrom(const void* numbers,
                                        int64_t count,
                                        v1::DType::Type dtype) {
  switch (dtype) {
    case v1::DType::FLOAT32:
      return Convert<From, float>(numbers, count);
    case v1::DType::FLOAT64:
      return Convert<From, double>(numbers, count);
    case v1::DType::INT32:
      return Convert<From, int32_t>(numbers, count);
    case v1::DType::INT64:
      return Convert<From, int64_t>(numbers, count);
    case v1::DType::BOOL:
      return Convert<From, bool>(numbers, count);
    default:
      return Convert<From, uint8_t>(numbers, count);
  }
}

}  // namespace

v1::DType::Type DTypeFor(NumberType type) {
  switch (type) {
    case NumberType::kInt8:
    case NumberType::kInt16:
    case NumberType::kUint16:
    case NumberType::kInt32:
      return v1::DType::INT32;
    case NumberType::kUint8:
      return v1::DType::UINT8;
    case NumberType::kUint32:
    case NumberType::kInt64:
    case NumberType::kUint64:
      return v1::DType::INT64;
    case NumberType::kFloat32:
      return v1::DType::FLOAT32;
    case NumberType::kFloat64:
      return v1::DType::FLOAT64;
  }
  return v1::DType::UNSPECIFIED;
}

absl::StatusOr<std::string> ConvertNumbers(const void* numbers,
                                           int64_t count,
                                           NumberType type,
                                           v1::DType::Type dtype) {
  switch (type) {
    case NumberType::kInt8:
      return ConvertFrom<int8_t>(numbers, count, dtype);
    case NumberType::kUint8:
      return ConvertFrom<uint8_t>(numbers, count, dtype);
    case NumberType::kInt16:
      return ConvertFrom<int16_t>(numbers, count, dtype);
    case NumberType::kUint16:
      return ConvertFrom<uint16_t>(numbers, count, dtype);
    case NumberType::kInt32:
      return ConvertFrom<int32_t>(numbers, count, dtype);
    case NumberType::kUint32:
      return ConvertFrom<uint32_t>(numbers, count, dtype);
    case NumberType::kInt64:
      return ConvertFrom<int64_t>(numbers, count, dtype);
    case NumberType::kUint64:
      return ConvertFrom<uint64_t>(numbers, count, dtype);
    case NumberType::kFloat32:
      return ConvertFrom<float>(numbers, count, dtype);
    case NumberType::kFloat64:
      return ConvertFrom<double>(numbers, count, dtype);
  }
  return absl::InternalError("numbers of an unknown type");
}

}  // namespace modbound
