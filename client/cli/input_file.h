#ifndef MODBOUND_CLIENT_CLI_INPUT_FILE_H_
#define MODBOUND_CLIENT_CLI_INPUT_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/cli/npy.h"

namespace modbound {

// An array from a file of any of the formats.
struct InputFile {
  NpyFile array;
  // The format knows matrices only (.mat, tables of text): its vectors have one
  // row or one column.
  bool only_matrices = false;
  // What people should know of how it was read; "" = nothing.
  std::string note = {};
};

// FILE or FILE:VARIABLE, see ParseInputPath. What is no .npy file is converted
// into a temporary one; call it before the program has threads.
// Errors: those of NpyFile, ConvertMat, ConvertHdf5 and ConvertText, with the
// file's name before them.
absl::StatusOr<InputFile> OpenInputFile(const std::string& text);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_INPUT_FILE_H_
