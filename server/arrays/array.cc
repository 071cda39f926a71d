#include "server/arrays/array.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/check.h"

namespace modbound {
namespace {

constexpr std::size_t kAlignment = 64;

// Memory from which pages are asked for by the 2 MiB where the system has them:
// by the 4 KiB, their first touch costs as much as reading what goes into them.
void UseHugePages(void* bytes, std::size_t size) {
  constexpr std::size_t kPage = std::size_t{2} << 20U;
  if (size < 2 * kPage) {
    return;
  }
  void* first = bytes;
  if (std::align(kPage, kPage, first, size) != nullptr) {
    // Of the whole pages alone. Not having them is no error.
    (void)madvise(first, size / kPage * kPage, MADV_HUGEPAGE);
  }
}

// Zeros by calloc: the system hands out zero pages when they are touched, so
// that a large array costs no pass of its own, which nothing could stop.
std::shared_ptr<std::byte> AllocateAligned(int64_t size) {
  const auto wanted = static_cast<std::size_t>(size) + 1;
  std::size_t space = wanted + kAlignment;
  void* const block = std::calloc(1, space);
  if (block == nullptr) {
    throw std::bad_alloc();
  }
  void* bytes = block;
  std::align(kAlignment, wanted, bytes, space);
  UseHugePages(bytes, wanted);
  return {static_cast<std::byte*>(bytes),
          [block](std::byte*) { std::free(block); }};
}

// Of no bytes there may be no address.
void Copy(const void* from, int64_t bytes, void* to) {
  if (bytes > 0) {
    std::memcpy(to, from, static_cast<std::size_t>(bytes));
  }
}

template <typename T>
double Load(const std::byte* bytes, int64_t i) {
  T value;
  std::memcpy(&value, bytes + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return static_cast<double>(value);
}

// All elements, as Load has one.
template <typename T>
void Convert(const std::byte* bytes, int64_t count, double* values) {
  for (int64_t i = 0; i < count; ++i) {
    values[i] = Load<T>(bytes, i);
  }
}

}  // namespace

int64_t ElementSize(DTypeEnum dtype) {
  switch (dtype) {
    case v1::DType::FLOAT64:
    case v1::DType::INT64:
      return 8;
    case v1::DType::FLOAT32:
    case v1::DType::INT32:
      return 4;
    case v1::DType::UINT8:
    case v1::DType::BOOL:
      return 1;
    default:
      return 0;
  }
}

std::string DTypeName(DTypeEnum dtype) { return v1::DType::Type_Name(dtype); }

int64_t NumElements(const std::vector<int64_t>& shape) {
  // A zero extent wins over whatever the others are.
  int64_t count = 1;
  for (const int64_t extent : shape) {
    if (extent < 0) {
      return -1;
    }
  }
  for (const int64_t extent : shape) {
    if (extent == 0) {
      return 0;
    }
  }
  for (const int64_t extent : shape) {
    if (__builtin_mul_overflow(count, extent, &count) ||
        count > (int64_t{1} << 58)) {
      return -1;
    }
  }
  return count;
}

std::string ShapeText(const std::vector<int64_t>& shape) {
  return absl::StrCat(
      "(",
      absl::StrJoin(shape,
                    ", ",
                    [](std::string* out, int64_t extent) {
                      absl::StrAppend(out,
                                      extent < 0 ? "?" : absl::StrCat(extent));
                    }),
      ")");
}

HostArray::HostArray(DTypeEnum dtype,
                     std::vector<int64_t> shape,
                     std::vector<std::string> axes)
    : dtype_(dtype), shape_(std::move(shape)), axes_(std::move(axes)) {
  MODBOUND_CHECK(size() >= 0);
  bytes_ = AllocateAligned(size_bytes());
}

HostArray HostArray::FromMatrix(const Matrix& matrix,
                                std::vector<std::string> axes,
                                DTypeEnum dtype) {
  MODBOUND_CHECK(dtype == v1::DType::FLOAT64 || dtype == v1::DType::FLOAT32);
  std::vector<int64_t> shape = {matrix.rows(), matrix.cols()};
  if (axes.size() == 1) {
    shape = {matrix.size()};
  }
  HostArray array(dtype, std::move(shape), std::move(axes));
  if (dtype == v1::DType::FLOAT64) {
    Copy(matrix.data(), array.size_bytes(), array.mutable_data());
    return array;
  }
  auto* out = reinterpret_cast<float*>(array.mutable_data());
  for (int64_t i = 0; i < matrix.size(); ++i) {
    out[i] = static_cast<float>(matrix.data()[i]);
  }
  return array;
}

HostArray HostArray::FromVector(const Vector& vector,
                                std::vector<std::string> axes) {
  HostArray array(v1::DType::FLOAT64, {vector.size()}, std::move(axes));
  Copy(vector.data(), array.size_bytes(), array.mutable_data());
  return array;
}

HostArray HostArray::FromDoubles(const std::vector<double>& values,
                                 std::vector<int64_t> shape,
                                 std::vector<std::string> axes) {
  HostArray array(v1::DType::FLOAT64, std::move(shape), std::move(axes));
  MODBOUND_CHECK(array.size() == static_cast<int64_t>(values.size()));
  Copy(values.data(), array.size_bytes(), array.mutable_data());
  return array;
}

HostArray HostArray::FromLabels(const Labels& labels,
                                std::vector<std::string> axes) {
  return FromInts(
      labels, {static_cast<int64_t>(labels.size())}, std::move(axes));
}

HostArray HostArray::FromInts(absl::Span<const int32_t> values,
                              std::vector<int64_t> shape,
                              std::vector<std::string> axes) {
  HostArray array(v1::DType::INT32, std::move(shape), std::move(axes));
  MODBOUND_CHECK(array.size() == static_cast<int64_t>(values.size()));
  Copy(values.data(), array.size_bytes(), array.mutable_data());
  return array;
}

double HostArray::At(int64_t i) const {
  switch (dtype_) {
    case v1::DType::FLOAT64:
      return Load<double>(data(), i);
    case v1::DType::FLOAT32:
      return Load<float>(data(), i);
    case v1::DType::INT64:
      return Load<int64_t>(data(), i);
    case v1::DType::INT32:
      return Load<int32_t>(data(), i);
    default:
      return Load<uint8_t>(data(), i);
  }
}

void HostArray::WriteDoubles(double* values) const {
  switch (dtype_) {
    case v1::DType::FLOAT64:
      return Copy(data(), size_bytes(), values);
    case v1::DType::FLOAT32:
      return Convert<float>(data(), size(), values);
    case v1::DType::INT64:
      return Convert<int64_t>(data(), size(), values);
    case v1::DType::INT32:
      return Convert<int32_t>(data(), size(), values);
    default:
      return Convert<uint8_t>(data(), size(), values);
  }
}

std::vector<double> HostArray::ToDoubles() const {
  std::vector<double> values(static_cast<std::size_t>(size()));
  WriteDoubles(values.data());
  return values;
}

Matrix HostArray::ToMatrix() const {
  const int64_t cols = shape_.size() >= 2 ? shape_.back() : 1;
  const int64_t rows = cols == 0 ? 0 : size() / cols;
  Matrix matrix(rows, cols);
  WriteDoubles(matrix.data());
  return matrix;
}

Vector HostArray::ToVector() const {
  Vector vector(size());
  WriteDoubles(vector.data());
  return vector;
}

std::shared_ptr<std::byte> HostArray::TakeBytes() {
  std::shared_ptr<std::byte> bytes = std::move(bytes_);
  if (bytes.use_count() > 1) {
    const std::shared_ptr<std::byte> shared = bytes;
    bytes = AllocateAligned(size_bytes());
    Copy(shared.get(), size_bytes(), bytes.get());
  }
  return bytes;
}

std::shared_ptr<double> HostArray::TakeDoubles() && {
  std::shared_ptr<std::byte> bytes;
  if (dtype_ == v1::DType::FLOAT64) {
    bytes = TakeBytes();
  } else {
    bytes = AllocateAligned(size() * ElementSize(v1::DType::FLOAT64));
    WriteDoubles(reinterpret_cast<double*>(bytes.get()));
    bytes_.reset();
  }
  return {bytes, reinterpret_cast<double*>(bytes.get())};
}

std::shared_ptr<float> HostArray::TakeFloats() && {
  MODBOUND_CHECK(dtype_ == v1::DType::FLOAT32);
  const std::shared_ptr<std::byte> bytes = TakeBytes();
  return {bytes, reinterpret_cast<float*>(bytes.get())};
}

Labels HostArray::ToLabels() const {
  Labels labels(static_cast<std::size_t>(size()));
  for (int64_t i = 0; i < size(); ++i) {
    labels[static_cast<std::size_t>(i)] = static_cast<int32_t>(At(i));
  }
  return labels;
}

}  // namespace modbound
