#ifndef MODBOUND_SERVER_ARRAYS_ARRAY_H_
#define MODBOUND_SERVER_ARRAYS_ARRAY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/base/matrix.h"
#include "modbound/v1/array.pb.h"

namespace modbound {

using DTypeEnum = v1::DType::Type;

// More axes than a NumPy array can have are a mistake of the client.
inline constexpr int kMaxAxes = 32;

// Bytes of one element; 0 for UNSPECIFIED.
int64_t ElementSize(DTypeEnum dtype);
// "FLOAT64", ...
std::string DTypeName(DTypeEnum dtype);
// Elements of a shape, -1 when an extent is negative or the product with the
// element size passes 2^62.
int64_t NumElements(const std::vector<int64_t>& shape);
// "(3, 100)".
std::string ShapeText(const std::vector<int64_t>& shape);

// A dense array in memory: raw little-endian, row-major, 64-byte aligned,
// immutable and shared once made.
class HostArray {
 public:
  HostArray() = default;
  // Zero-filled. shape as in v1::Array, every extent >= 0.
  HostArray(DTypeEnum dtype,
            std::vector<int64_t> shape,
            std::vector<std::string> axes = {});

  // dtype: FLOAT64 or FLOAT32. Two axes; one when one is named, as for a
  // column.
  static HostArray FromMatrix(const Matrix& matrix,
                              std::vector<std::string> axes,
                              DTypeEnum dtype = v1::DType::FLOAT64);
  // A vector as one axis.
  static HostArray FromVector(const Vector& vector,
                              std::vector<std::string> axes);
  static HostArray FromDoubles(const std::vector<double>& values,
                               std::vector<int64_t> shape,
                               std::vector<std::string> axes);
  static HostArray FromLabels(const Labels& labels,
                              std::vector<std::string> axes);
  static HostArray FromInts(absl::Span<const int32_t> values,
                            std::vector<int64_t> shape,
                            std::vector<std::string> axes);

  DTypeEnum dtype() const { return dtype_; }
  const std::vector<int64_t>& shape() const { return shape_; }
  const std::vector<std::string>& axes() const { return axes_; }
  int64_t size() const { return NumElements(shape_); }
  int64_t size_bytes() const { return size() * ElementSize(dtype_); }
  const std::byte* data() const { return bytes_.get(); }
  std::byte* mutable_data() { return bytes_.get(); }

  // Element i of the row-major order as a double.
  double At(int64_t i) const;
  // All elements as doubles.
  std::vector<double> ToDoubles() const;
  // The array as rows x cols doubles: two axes as they are, one axis as a
  // column, more axes with the last one as columns and the others flattened to
  // rows.
  Matrix ToMatrix() const;
  // One axis (or any shape, flattened) as a vector.
  Vector ToVector() const;
  // One axis of whole numbers.
  Labels ToLabels() const;
  // The elements to write to, 64-byte aligned: the array's own buffer when no
  // other HostArray shares it, else a copy. Doubles may be had of any dtype,
  // floats of FLOAT32 alone.
  std::shared_ptr<double> TakeDoubles() &&;
  std::shared_ptr<float> TakeFloats() &&;

 private:
  void WriteDoubles(double* values) const;
  std::shared_ptr<std::byte> TakeBytes();

  DTypeEnum dtype_ = v1::DType::UNSPECIFIED;
  std::vector<int64_t> shape_;
  std::vector<std::string> axes_;
  std::shared_ptr<std::byte> bytes_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_ARRAYS_ARRAY_H_
