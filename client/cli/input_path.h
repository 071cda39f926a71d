#ifndef MODBOUND_CLIENT_CLI_INPUT_PATH_H_
#define MODBOUND_CLIENT_CLI_INPUT_PATH_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace modbound {

// Kinds of files that hold arrays.
enum class FileFormat {
  kNpy,   // NumPy's .npy
  kMat,   // MATLAB's .mat of versions 4, 5 and 7.3
  kHdf5,  // .h5, .hdf5
  kText,  // .csv, .tsv, .txt: a table of numbers
};

// FILE or FILE:VARIABLE of the command line.
struct InputPath {
  std::string file;
  std::string variable = {};  // "" = none was named
  FileFormat format = FileFormat::kNpy;
};

// Takes `text` apart at the first ':' after .mat, .h5 or .hdf5; a file that
// exists under all of `text` is that file. What a file is is told by its first
// bytes where they can, else by its extension, in either case.
// Errors: kInvalidArgument: a file that cannot be read; an archive, a
// compressed file or a pickle, by name; another extension, naming the known
// ones.
absl::StatusOr<InputPath> ParseInputPath(const std::string& text);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_INPUT_PATH_H_
