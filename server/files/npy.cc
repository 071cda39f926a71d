#include "server/files/npy.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/error.h"

namespace modbound {
namespace {

constexpr std::size_t kAlignment = 64;
// Magic, two bytes of version, two bytes of length.
constexpr std::size_t kPrefixSize = 10;
constexpr std::size_t kLongest = 0xffff;

const char* Description(DTypeEnum dtype) {
  switch (dtype) {
    case v1::DType::FLOAT32:
      return "<f4";
    case v1::DType::FLOAT64:
      return "<f8";
    case v1::DType::INT32:
      return "<i4";
    case v1::DType::INT64:
      return "<i8";
    case v1::DType::UINT8:
      return "|u1";
    case v1::DType::BOOL:
      return "|b1";
    default:
      return nullptr;
  }
}

}  // namespace

absl::StatusOr<std::string> NpyHeader(DTypeEnum dtype,
                                      const std::vector<int64_t>& shape) {
  const char* description = Description(dtype);
  if (description == nullptr) {
    return Refuse("WRONG_DTYPE", "dtype", "dtype must be set");
  }
  if (NumElements(shape) < 0) {
    return Refuse(reason::kWrongShape,
                  "shape",
                  absl::StrCat("shape ",
                               ShapeText(shape),
                               " has a negative extent or is too large"));
  }
  // A tuple of one needs its comma.
  std::string dictionary = absl::StrCat("{'descr': '",
                                        description,
                                        "', 'fortran_order': False, 'shape': (",
                                        absl::StrJoin(shape, ", "),
                                        shape.size() == 1 ? "," : "",
                                        "), }");
  const std::size_t used = kPrefixSize + dictionary.size() + 1;
  dictionary.append((kAlignment - used % kAlignment) % kAlignment, ' ');
  dictionary.push_back('\n');
  if (dictionary.size() > kLongest) {
    return Refuse(
        reason::kWrongShape,
        "shape",
        absl::StrCat(
            "a shape of ", shape.size(), " axes does not fit an .npy header"));
  }
  std::string header("\x93NUMPY\x01\x00", 8);
  header.push_back(static_cast<char>(dictionary.size() & 0xff));
  header.push_back(static_cast<char>(dictionary.size() >> 8));
  return header + dictionary;
}

}  // namespace modbound
