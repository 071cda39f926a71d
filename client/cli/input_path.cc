#include "client/cli/input_path.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "client/cli/error.h"

namespace modbound {
namespace {

// As many bytes as tell every format; those of a .mat file have the mark of
// their byte order at 126.
constexpr size_t kSniffed = 128;

struct Extension {
  std::string_view text;
  FileFormat format;
};

constexpr std::array<Extension, 7> kExtensions = {
    {{".npy", FileFormat::kNpy},
     {".mat", FileFormat::kMat},
     {".h5", FileFormat::kHdf5},
     {".hdf5", FileFormat::kHdf5},
     {".csv", FileFormat::kText},
     {".tsv", FileFormat::kText},
     {".txt", FileFormat::kText}}};

std::optional<FileFormat> FormatOfName(std::string_view file) {
  for (const Extension& known : kExtensions) {
    if (absl::EndsWithIgnoreCase({file.data(), file.size()},
                                 {known.text.data(), known.text.size()})) {
      return known.format;
    }
  }
  return std::nullopt;
}

bool HoldsVariables(std::optional<FileFormat> format) {
  return format == FileFormat::kMat || format == FileFormat::kHdf5;
}

bool StartsWith(std::string_view bytes, std::string_view start) {
  return bytes.substr(0, start.size()) == start;
}

// What a file that is refused is called; "" = nothing that is known.
std::string_view RefusedFormat(std::string_view bytes) {
  constexpr std::string_view kZip("PK\x03\x04", 4);
  constexpr std::string_view kGzip("\x1f\x8b", 2);
  constexpr std::string_view kBzip2("BZh", 3);
  constexpr std::string_view kXz(
      "\xfd"
      "7zXZ",
      5);
  if (StartsWith(bytes, kZip)) {
    return "a zip archive (.npz, .xlsx, .pt): save the array itself";
  }
  if (StartsWith(bytes, kGzip) || StartsWith(bytes, kBzip2) ||
      StartsWith(bytes, kXz)) {
    return "a compressed file: unpack it first";
  }
  // Protocols 2 to 5 of Python's pickle.
  if (bytes.size() > 1 && bytes[0] == '\x80' && bytes[1] >= 2 &&
      bytes[1] <= 5) {
    return "a Python pickle: save the array itself";
  }
  return "";
}

std::optional<FileFormat> FormatOfBytes(std::string_view bytes) {
  constexpr std::string_view kNpy("\x93NUMPY", 6);
  constexpr std::string_view kHdf5("\x89HDF\r\n\x1a\n", 8);
  if (StartsWith(bytes, kNpy)) {
    return FileFormat::kNpy;
  }
  if (StartsWith(bytes, kHdf5)) {
    return FileFormat::kHdf5;
  }
  const std::string_view order =
      bytes.substr(std::min<size_t>(bytes.size(), 126));
  if (StartsWith(bytes, "MATLAB") && (order == "IM" || order == "MI")) {
    return FileFormat::kMat;
  }
  return std::nullopt;
}

absl::StatusOr<std::string> FirstBytes(const std::string& file) {
  std::error_code error;
  const std::filesystem::file_status facts =
      std::filesystem::status(file, error);
  if (!std::filesystem::exists(facts)) {
    return UsageError(file + ": " +
                      (error ? error.message() : std::strerror(ENOENT)));
  }
  if (!std::filesystem::is_regular_file(facts)) {
    return UsageError(file + ": is no regular file");
  }
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    return UsageError(file + ": " + std::strerror(errno));
  }
  std::string bytes(kSniffed, '\0');
  stream.read(bytes.data(), kSniffed);
  bytes.resize(static_cast<size_t>(stream.gcount()));
  return bytes;
}

// `text` taken apart; its format is not known yet.
InputPath SplitVariable(const std::string& text) {
  std::error_code error;
  if (std::filesystem::exists(text, error)) {
    return {.file = text};
  }
  for (size_t colon = text.find(':'); colon != std::string::npos;
       colon = text.find(':', colon + 1)) {
    if (HoldsVariables(FormatOfName(std::string_view(text).substr(0, colon)))) {
      return {.file = text.substr(0, colon),
              .variable = text.substr(colon + 1)};
    }
  }
  return {.file = text};
}

}  // namespace

absl::StatusOr<InputPath> ParseInputPath(const std::string& text) {
  InputPath path = SplitVariable(text);
  MODBOUND_ASSIGN_OR_RETURN(const std::string bytes, FirstBytes(path.file));
  if (const std::string_view refused = RefusedFormat(bytes); !refused.empty()) {
    return UsageError(path.file + ": is " + std::string(refused));
  }
  std::optional<FileFormat> format = FormatOfBytes(bytes);
  if (!format) {
    format = FormatOfName(path.file);
  }
  if (!format) {
    return UsageError(path.file +
                      ": is no file of arrays; known: .npy, .mat, .h5, .hdf5, "
                      ".csv, .tsv, .txt");
  }
  if (!path.variable.empty() && !HoldsVariables(format)) {
    return UsageError(path.file + ": holds one array, so :" + path.variable +
                      " names none");
  }
  path.format = *format;
  return path;
}

}  // namespace modbound
