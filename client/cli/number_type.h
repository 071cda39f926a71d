#ifndef MODBOUND_CLIENT_CLI_NUMBER_TYPE_H_
#define MODBOUND_CLIENT_CLI_NUMBER_TYPE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "modbound/v1/array.pb.h"

namespace modbound {

// How a file's numbers lie in memory once its library has read them.
enum class NumberType {
  kInt8,
  kUint8,
  kInt16,
  kUint16,
  kInt32,
  kUint32,
  kInt64,
  kUint64,
  kFloat32,
  kFloat64,
};

// The smallest dtype of the contract that holds every value of `type`: int8,
// int16, uint16 -> INT32; uint32, uint64 -> INT64; the others are their own.
v1::DType::Type DTypeFor(NumberType type);

// `count` numbers of `type` -> elements of `dtype`, which holds them all.
// Errors: kInvalidArgument OUT_OF_RANGE for a uint64 beyond 2^63 - 1.
absl::StatusOr<std::string> ConvertNumbers(const void* numbers,
                                           int64_t count,
                                           NumberType type,
                                           v1::DType::Type dtype);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_NUMBER_TYPE_H_
