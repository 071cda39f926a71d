#include "server/executors/attempt_files.h"

#include <fcntl.h>

#include <filesystem>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/artifacts/artifact_store.h"
#include "server/artifacts/sha256.h"
#include "server/executors/attempt.h"
#include "server/files/file_io.h"
#include "server/files/guarded.h"

namespace modbound {
namespace {

constexpr char kSpecFile[] = "/attempt.binpb";
constexpr char kResultFile[] = "/result.binpb";

absl::Status WrongToken(const std::string& dir) {
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   "WRONG_STATE",
                   "token",
                   absl::StrCat("the token is not that of ", dir));
}

absl::Status Unreadable(const std::string& path) {
  return MakeError(absl::StatusCode::kInternal,
                   reason::kInternal,
                   "",
                   absl::StrCat(path, " is not what the server wrote"));
}

absl::Status InputMismatch(const std::string& name, const std::string& how) {
  return MakeError(absl::StatusCode::kDataLoss,
                   "DIGEST_MISMATCH",
                   absl::StrCat("inputs.", name),
                   absl::StrCat("input ", name, " is damaged: ", how));
}

// A missing file of the directory is a fault of ours, not a "not found" of the
// client.
absl::Status AsInternal(const absl::Status& status) {
  return absl::IsNotFound(status) ? MakeError(absl::StatusCode::kInternal,
                                              reason::kInternal,
                                              "",
                                              std::string(status.message()))
                                  : status;
}

std::string_view BytesOf(const HostArray& array) {
  return {reinterpret_cast<const char*>(array.data()),
          static_cast<std::size_t>(array.size_bytes())};
}

absl::StatusOr<HostArray> ReadArrayFile(
    const std::string& path,
    const std::string& name,
    const internal::AttemptSpec::File& entry) {
  absl::StatusOr<FileDescriptor> file = OpenFile(path, O_RDONLY);
  MODBOUND_RETURN_IF_ERROR(AsInternal(file.status()));
  const v1::Array& about = entry.array();
  const std::vector<int64_t> shape(about.shape().begin(), about.shape().end());
  MODBOUND_ASSIGN_OR_RETURN(const int64_t size, FileSize(*file, path));
  if (NumElements(shape) < 0 ||
      NumElements(shape) * ElementSize(about.dtype()) != size) {
    return InputMismatch(name,
                         absl::StrCat("its file of ",
                                      size,
                                      " bytes does not hold ",
                                      DTypeName(about.dtype()),
                                      " of shape ",
                                      ShapeText(shape)));
  }
  HostArray array(
      about.dtype(), shape, {about.axes().begin(), about.axes().end()});
  MODBOUND_ASSIGN_OR_RETURN(
      const int64_t got,
      ReadAt(
          *file, path, reinterpret_cast<char*>(array.mutable_data()), size, 0));
  if (got != size || Sha256Hex(BytesOf(array)) != about.artifact()) {
    return InputMismatch(name, "its bytes do not have its digest");
  }
  return array;
}

}  // namespace

absl::Status WriteAttemptSpec(const std::string& dir,
                              const internal::AttemptSpec& spec) {
  MODBOUND_RETURN_IF_ERROR(MakeDirectory(dir));
  MODBOUND_RETURN_IF_ERROR(RemoveFile(dir + kResultFile));
  for (const char* folder : {"/out", "/checkpoint"}) {
    std::error_code error;
    std::filesystem::remove_all(dir + folder, error);
    if (error) {
      return FileError("empty", dir + folder, error.value());
    }
    MODBOUND_RETURN_IF_ERROR(MakeDirectory(dir + folder));
  }
  return ReplaceFile(
      dir + kSpecFile, spec.SerializeAsString(), Durability::kCached);
}

absl::StatusOr<internal::AttemptSpec> ReadAttemptSpec(
    const std::string& dir, const std::string& token) {
  const absl::StatusOr<std::string> bytes = ReadFile(dir + kSpecFile);
  MODBOUND_RETURN_IF_ERROR(AsInternal(bytes.status()));
  internal::AttemptSpec spec;
  if (!spec.ParseFromString(*bytes)) {
    return Unreadable(dir + kSpecFile);
  }
  if (spec.token() != token) {
    return WrongToken(dir);
  }
  return spec;
}

absl::StatusOr<HostArray> ReadInput(const std::string& dir,
                                    const std::string& name,
                                    const internal::AttemptSpec::File& file) {
  return Guarded([&] {
    return ReadArrayFile(absl::StrCat(dir, "/", file.path()), name, file);
  });
}

absl::StatusOr<internal::AttemptSpec::File> WriteOutput(
    const std::string& dir, const std::string& path, const HostArray& array) {
  const std::string full_path = absl::StrCat(dir, "/", path);
  const std::string_view bytes = BytesOf(array);
  MODBOUND_RETURN_IF_ERROR(RequireFreeSpace(dir, array.size_bytes()));
  MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor file,
                            OpenFile(full_path, O_WRONLY | O_CREAT | O_TRUNC));
  MODBOUND_RETURN_IF_ERROR(WriteAt(file, full_path, bytes, 0));
  if (array.size_bytes() > kInlineLimit) {
    MODBOUND_RETURN_IF_ERROR(SyncFile(file, full_path));
  }
  internal::AttemptSpec::File entry;
  entry.set_path(path);
  v1::Array* about = entry.mutable_array();
  about->set_dtype(array.dtype());
  about->mutable_shape()->Add(array.shape().begin(), array.shape().end());
  about->mutable_axes()->Add(array.axes().begin(), array.axes().end());
  about->set_artifact(Sha256Hex(bytes));
  return entry;
}

absl::Status WriteAttemptResult(const std::string& dir,
                                const internal::AttemptResult& result) {
  return ReplaceFile(
      dir + kResultFile, result.SerializeAsString(), Durability::kSynced);
}

absl::StatusOr<internal::AttemptResult> ReadAttemptResult(
    const std::string& dir, const std::string& token) {
  const absl::StatusOr<std::string> bytes = ReadFile(dir + kResultFile);
  if (absl::IsNotFound(bytes.status())) {
    return MakeError(absl::StatusCode::kNotFound,
                     reason::kInternal,
                     "",
                     absl::StrCat("the attempt in ", dir, " has not ended"));
  }
  MODBOUND_RETURN_IF_ERROR(bytes.status());
  internal::AttemptResult result;
  if (!result.ParseFromString(*bytes)) {
    return Unreadable(dir + kResultFile);
  }
  if (result.token() != token) {
    return WrongToken(dir);
  }
  return result;
}

}  // namespace modbound
