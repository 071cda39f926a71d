#ifndef MODBOUND_CLIENT_CLI_HDF5_FILE_H_
#define MODBOUND_CLIENT_CLI_HDF5_FILE_H_

#include "absl/status/statusor.h"
#include "client/cli/input_path.h"
#include "client/cli/temporary_file.h"
#include "modbound/v1/array.pb.h"

namespace modbound {

// The dataset /GROUP/NAME that `path.variable` names, or the file's only one of
// numbers, into `elements`, piece by piece. Axes as the file has them (h5py's
// view; a file that MATLAB's h5write made has MATLAB's in reverse). Smaller
// integers and half floats become the smallest dtype that holds them; h5py's
// and PyTables' truth values BOOL.
// Call it through ConvertInChild.
// Errors: those of ChooseVariable and CheckedBytes; kInvalidArgument:
// damaged, WRONG_DTYPE, OUT_OF_RANGE.
absl::StatusOr<v1::Array> ConvertHdf5(const InputPath& path,
                                      const TemporaryFile& elements);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_HDF5_FILE_H_
