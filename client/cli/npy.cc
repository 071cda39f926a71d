#include "client/cli/npy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "client/cli/error.h"
#include "client/cli/npy_layout.h"

namespace modbound {
namespace {

// More than any header that NumPy writes; it refuses larger ones itself.
constexpr int64_t kLongestHeader = int64_t{128} * 1024;

absl::Status FileError(const std::string& path, int error) {
  return UsageError(path + ": " + std::strerror(error));
}

// Up to `size` bytes from `offset`; fewer at the end of the file.
absl::StatusOr<std::string> ReadUpTo(const std::string& path,
                                     int file,
                                     int64_t offset,
                                     int64_t size) {
  std::string bytes(static_cast<size_t>(size), '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = pread(file,
                                bytes.data() + done,
                                bytes.size() - done,
                                offset + static_cast<int64_t>(done));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return FileError(path, errno);
    }
    if (count == 0) {
      break;
    }
    done += static_cast<size_t>(count);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace

int64_t NpyHeader::num_elements() const {
  // An empty array may have any other extents: their product alone may
  // overflow.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) {
    return 0;
  }
  int64_t count = 1;
  for (const int64_t extent : shape) {
    count *= extent;
  }
  return count;
}

int64_t NpyHeader::num_bytes() const {
  return num_elements() * ItemSize(dtype);
}

int ItemSize(v1::DType::Type dtype) {
  switch (dtype) {
    case v1::DType::FLOAT32:
    case v1::DType::INT32:
      return 4;
    case v1::DType::FLOAT64:
    case v1::DType::INT64:
      return 8;
    case v1::DType::UINT8:
    case v1::DType::BOOL:
      return 1;
    default:
      return 0;
  }
}

absl::StatusOr<NpyFile> NpyFile::Open(const std::string& path) {
  NpyFile npy;
  npy.path_ = path;
  npy.file_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (npy.file_ < 0) {
    return FileError(path, errno);
  }
  struct stat facts = {};
  if (fstat(npy.file_, &facts) != 0) {
    return FileError(path, errno);
  }
  if (!S_ISREG(facts.st_mode)) {
    return UsageError(path + ": is no regular file");
  }
  MODBOUND_ASSIGN_OR_RETURN(
      const std::string prefix,
      ReadUpTo(path,
               npy.file_,
               0,
               std::min<int64_t>(facts.st_size, kLongestHeader)));
  absl::StatusOr<NpyHeader> header = ParseNpyHeader(prefix, facts.st_size);
  if (!header.ok()) {
    return WithContext(header.status(), path);
  }
  npy.header_ = *std::move(header);
  if (npy.header_.big_endian || npy.header_.fortran_order) {
    MODBOUND_ASSIGN_OR_RETURN(npy.converted_,
                              npy.Read(0, npy.header_.num_bytes()));
    const int item_size = ItemSize(npy.header_.dtype);
    if (npy.header_.big_endian) {
      SwapByteOrder(npy.converted_, item_size);
    }
    if (npy.header_.fortran_order) {
      npy.converted_ =
          RowMajorFromColumnMajor(npy.converted_, npy.header_.shape, item_size);
    }
  }
  return npy;
}

NpyFile NpyFile::FromElements(TemporaryFile elements,
                              const std::string& name,
                              const v1::Array& array) {
  NpyFile npy;
  npy.path_ = name;
  npy.file_ = std::move(elements).Release();
  npy.header_.dtype = array.dtype();
  npy.header_.shape.assign(array.shape().begin(), array.shape().end());
  return npy;
}

NpyFile::NpyFile(NpyFile&& other) noexcept { *this = std::move(other); }

NpyFile& NpyFile::operator=(NpyFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(file_, other.file_);
  std::swap(header_, other.header_);
  std::swap(converted_, other.converted_);
  return *this;
}

NpyFile::~NpyFile() {
  if (file_ >= 0) {
    close(file_);
  }
}

absl::StatusOr<std::string> NpyFile::Read(int64_t offset, int64_t size) const {
  if (!converted_.empty()) {
    return converted_.substr(static_cast<size_t>(offset),
                             static_cast<size_t>(size));
  }
  MODBOUND_ASSIGN_OR_RETURN(
      std::string bytes,
      ReadUpTo(path_, file_, header_.data_offset + offset, size));
  if (static_cast<int64_t>(bytes.size()) != size) {
    return UsageError(path_ + ": became shorter while it was read");
  }
  return bytes;
}

}  // namespace modbound
