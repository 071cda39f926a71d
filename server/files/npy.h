#ifndef MODBOUND_SERVER_FILES_NPY_H_
#define MODBOUND_SERVER_FILES_NPY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/arrays/array.h"

namespace modbound {

// The bytes before the data of a NumPy .npy file, version 1.0: magic, version,
// length of the dictionary (uint16, little-endian), the dictionary
//   {'descr': '<f8', 'fortran_order': False, 'shape': (3, 100), }
// padded by spaces and ended by a newline so that the whole is a multiple of 64
// bytes. An array's file is this header and its raw bytes. shape: each extent
// >= 0; () is a scalar. Errors: kInvalidArgument WRONG_DTYPE "dtype" when
// unspecified, WRONG_SHAPE "shape" when negative, too large, or too long for
// version 1.0.
absl::StatusOr<std::string> NpyHeader(DTypeEnum dtype,
                                      const std::vector<int64_t>& shape);

}  // namespace modbound

#endif  // MODBOUND_SERVER_FILES_NPY_H_
