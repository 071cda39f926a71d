#ifndef MODBOUND_CLIENT_CLI_MAT_FILE_H_
#define MODBOUND_CLIENT_CLI_MAT_FILE_H_

#include "absl/status/statusor.h"
#include "client/cli/input_path.h"
#include "client/cli/temporary_file.h"
#include "modbound/v1/array.pb.h"

namespace modbound {

// The variable that `path.variable` names, or the file's only one of numbers,
// into `elements`; .mat of versions 4, 5 and 7.3. Axes and types as MATLAB
// shows them: a matrix of doubles is FLOAT64 whatever it is stored as, logical
// is BOOL, smaller integers become the smallest dtype that holds them, sparse
// matrices are filled up. The array is held in memory twice, of a sparse one
// also its entries.
// Call it through ConvertInChild.
// Errors: those of CheckMatFile, ChooseVariable and CheckedBytes;
// kInvalidArgument: damaged, WRONG_DTYPE, OUT_OF_RANGE.
absl::StatusOr<v1::Array> ConvertMat(const InputPath& path,
                                     const TemporaryFile& elements);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_MAT_FILE_H_
