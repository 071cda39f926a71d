#include "client/cli/input_file.h"

#include <stdlib.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <utility>

#include "client/cli/convert_in_child.h"
#include "client/cli/error.h"
#include "client/cli/hdf5_file.h"
#include "client/cli/input_path.h"
#include "client/cli/mat_file.h"
#include "client/cli/temporary_file.h"
#include "client/cli/text_table.h"

namespace modbound {
namespace {

// Far more than the slowest whole file takes: unpacking gives at least 10 MB/s
// of what is packed.
int MostCpuSeconds(const std::string& file) {
  constexpr int64_t kLeastSeconds = 120;
  constexpr int64_t kBytesPerSecond = 1000000;
  constexpr int64_t kMostSeconds = 1000000;
  std::error_code error;
  const auto bytes =
      static_cast<int64_t>(std::filesystem::file_size(file, error));
  return static_cast<int>(std::min(
      kMostSeconds, kLeastSeconds + (error ? 0 : bytes / kBytesPerSecond)));
}

absl::StatusOr<InputFile> Convert(const InputPath& path,
                                  const std::string& name) {
  MODBOUND_ASSIGN_OR_RETURN(TemporaryFile elements, TemporaryFile::Make());
  if (path.format == FileFormat::kText) {
    MODBOUND_ASSIGN_OR_RETURN(TextTable table,
                              ConvertText(path.file, elements));
    return InputFile{
        .array = NpyFile::FromElements(std::move(elements), name, table.array),
        .only_matrices = true,
        .note = std::move(table.note)};
  }
  const bool is_mat = path.format == FileFormat::kMat;
  MODBOUND_ASSIGN_OR_RETURN(
      const v1::Array array,
      ConvertInChild(
          [&path, is_mat](const TemporaryFile& file) {
            // Many network disks have no locks; HDF5 would refuse their files.
            setenv("HDF5_USE_FILE_LOCKING", "BEST_EFFORT", 0);
            return is_mat ? ConvertMat(path, file) : ConvertHdf5(path, file);
          },
          elements,
          MostCpuSeconds(path.file)));
  return InputFile{
      .array = NpyFile::FromElements(std::move(elements), name, array),
      .only_matrices = is_mat};
}

}  // namespace

absl::StatusOr<InputFile> OpenInputFile(const std::string& text) {
  MODBOUND_ASSIGN_OR_RETURN(const InputPath path, ParseInputPath(text));
  if (path.format == FileFormat::kNpy) {
    MODBOUND_ASSIGN_OR_RETURN(NpyFile array, NpyFile::Open(path.file));
    return InputFile{.array = std::move(array)};
  }
  absl::StatusOr<InputFile> input = Convert(path, text);
  if (!input.ok()) {
    return WithContext(input.status(), text);
  }
  if (!input->note.empty()) {
    input->note = text + ": " + input->note;
  }
  return input;
}

}  // namespace modbound
