#ifndef MODBOUND_CLIENT_CLI_NPY_H_
#define MODBOUND_CLIENT_CLI_NPY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/temporary_file.h"
#include "modbound/v1/array.pb.h"

namespace modbound {

// What the header of a .npy file says
// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
struct NpyHeader {
  v1::DType::Type dtype = v1::DType::UNSPECIFIED;
  bool big_endian = false;
  bool fortran_order = false;
  std::vector<int64_t> shape;
  // Where the elements begin in the file.
  int64_t data_offset = 0;

  int64_t num_elements() const;
  int64_t num_bytes() const;
};

// Bytes of one element; 0 for UNSPECIFIED.
int ItemSize(v1::DType::Type dtype);

// Reads the header from the first bytes of a file of `file_size` bytes;
// versions 1.0, 2.0, 3.0; dtypes f4 f8 i4 i8 u1 b1. `prefix` need not hold more
// than the header.
// Errors: kInvalidArgument WRONG_DTYPE (names what is allowed); without a
// reason: no .npy file, malformed header, another size than the header says.
absl::StatusOr<NpyHeader> ParseNpyHeader(std::string_view prefix,
                                         int64_t file_size);

// The elements of a .npy file as raw little-endian, row-major bytes, whatever
// the file's own order. A file already in that order is read piece by piece;
// any other is held in memory as a whole. Other formats become such elements
// in a temporary file: input_file.h.
class NpyFile {
 public:
  // Elements without a header, from the start of `elements`, that `array` gives
  // dtype and shape.
  static NpyFile FromElements(TemporaryFile elements,
                              const std::string& name,
                              const v1::Array& array);

  // Errors: as ParseNpyHeader, and kInvalidArgument when it cannot be read.
  static absl::StatusOr<NpyFile> Open(const std::string& path);

  NpyFile(NpyFile&& other) noexcept;
  NpyFile& operator=(NpyFile&& other) noexcept;
  NpyFile(const NpyFile&) = delete;
  NpyFile& operator=(const NpyFile&) = delete;
  ~NpyFile();

  const NpyHeader& header() const { return header_; }

  // Another shape of as many elements.
  void Reshape(std::vector<int64_t> shape) { header_.shape = std::move(shape); }

  // `size` bytes from `offset`; the range must lie within num_bytes().
  // Errors: kInvalidArgument when the file has become shorter meanwhile.
  absl::StatusOr<std::string> Read(int64_t offset, int64_t size) const;

 private:
  NpyFile() = default;

  std::string path_;
  int file_ = -1;
  NpyHeader header_;
  // All elements, when the file has another order; else empty.
  std::string converted_;
};

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_NPY_H_
