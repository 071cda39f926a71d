#include "server/executors/attempt_files.h"

#include <fcntl.h>

#include <algorithm>
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

// Bytes between two looks at the stop flag, and between two syncs: a slow disk
// takes some tenths of a second for these, but may take a minute for a file
// that is synced in one go.
constexpr int64_t kPiece = int64_t{4} << 20;
constexpr int64_t kSyncPiece = int64_t{32} << 20;

absl::Status WrongToken(const std::string& dir) {
  return WithDetail(MakeError(absl::StatusCode::kFailedPrecondition,
                              "WRONG_STATE",
                              "token",
                              "the token is not that of the attempt"),
                    dir);
}

absl::Status Unreadable(const std::string& path) {
  return WithDetail(
      MakeError(absl::StatusCode::kInternal,
                reason::kInternal,
                "",
                "a file of the attempt is not what the server wrote"),
      path);
}

absl::Status InputMismatch(const std::string& name, const std::string& how) {
  return MakeError(absl::StatusCode::kDataLoss,
                   "DIGEST_MISMATCH",
                   absl::StrCat("inputs.", name),
                   absl::StrCat("input ", name, " is damaged: ", how));
}

// A missing file of the directory is a fault of ours, not a "not found" of the
// client.
absl::Status AsInternal(const absl::Status& status, const std::string& path) {
  return absl::IsNotFound(status)
             ? WithDetail(MakeError(absl::StatusCode::kInternal,
                                    reason::kInternal,
                                    "",
                                    std::string(status.message())),
                          path)
             : status;
}

// Piece of `array` from `offset` on.
std::string_view PieceOf(const HostArray& array, int64_t offset) {
  return {
      reinterpret_cast<const char*>(array.data()) + offset,
      static_cast<std::size_t>(std::min(kPiece, array.size_bytes() - offset))};
}

// Fills `array`; whether the file has as many bytes, with that digest.
absl::StatusOr<bool> ReadChecked(const FileDescriptor& file,
                                 const std::string& path,
                                 const std::string& digest,
                                 const StopFlag& stop,
                                 HostArray& array) {
  Sha256 hash;
  auto* bytes = reinterpret_cast<char*>(array.mutable_data());
  for (int64_t offset = 0; offset < array.size_bytes(); offset += kPiece) {
    if (stop.stopped()) {
      return StoppedError();
    }
    const std::string_view piece = PieceOf(array, offset);
    const auto size = static_cast<int64_t>(piece.size());
    MODBOUND_ASSIGN_OR_RETURN(const int64_t got,
                              ReadAt(file, path, bytes + offset, size, offset));
    if (got != size) {
      return false;
    }
    hash.Add(piece);
  }
  return hash.Hex() == digest;
}

absl::StatusOr<HostArray> ReadArrayFile(
    const std::string& path,
    const std::string& name,
    const internal::AttemptSpec::File& entry,
    const StopFlag& stop) {
  absl::StatusOr<FileDescriptor> file = OpenFile(path, O_RDONLY);
  MODBOUND_RETURN_IF_ERROR(AsInternal(file.status(), path));
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
      const bool same, ReadChecked(*file, path, about.artifact(), stop, array));
  if (!same) {
    return InputMismatch(name, "its bytes do not have its digest");
  }
  return array;
}

// Writes `array` and returns its digest.
absl::StatusOr<std::string> WriteHashed(const FileDescriptor& file,
                                        const std::string& path,
                                        const HostArray& array,
                                        const StopFlag& stop) {
  Sha256 hash;
  const bool sync = array.size_bytes() > kInlineLimit;
  int64_t unsynced = 0;
  for (int64_t offset = 0; offset < array.size_bytes(); offset += kPiece) {
    if (stop.stopped()) {
      return StoppedError();
    }
    const std::string_view piece = PieceOf(array, offset);
    MODBOUND_RETURN_IF_ERROR(WriteAt(file, path, piece, offset));
    hash.Add(piece);
    unsynced += kPiece;
    if (sync && unsynced >= kSyncPiece) {
      MODBOUND_RETURN_IF_ERROR(SyncFile(file, path));
      unsynced = 0;
    }
  }
  if (sync) {
    MODBOUND_RETURN_IF_ERROR(SyncFile(file, path));
  }
  return hash.Hex();
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
  MODBOUND_RETURN_IF_ERROR(AsInternal(bytes.status(), dir + kSpecFile));
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
                                    const internal::AttemptSpec::File& file,
                                    const StopFlag& stop) {
  return Guarded([&] {
    return ReadArrayFile(absl::StrCat(dir, "/", file.path()), name, file, stop);
  });
}

absl::StatusOr<internal::AttemptSpec::File> WriteOutput(const std::string& dir,
                                                        const std::string& path,
                                                        const HostArray& array,
                                                        const StopFlag& stop) {
  const std::string full_path = absl::StrCat(dir, "/", path);
  MODBOUND_RETURN_IF_ERROR(RequireFreeSpace(dir, array.size_bytes()));
  MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor file,
                            OpenFile(full_path, O_WRONLY | O_CREAT | O_TRUNC));
  MODBOUND_ASSIGN_OR_RETURN(const std::string digest,
                            WriteHashed(file, full_path, array, stop));
  internal::AttemptSpec::File entry;
  entry.set_path(path);
  v1::Array* about = entry.mutable_array();
  about->set_dtype(array.dtype());
  about->mutable_shape()->Add(array.shape().begin(), array.shape().end());
  about->mutable_axes()->Add(array.axes().begin(), array.axes().end());
  about->set_artifact(digest);
  return entry;
}

absl::Status WriteAttemptResult(const std::string& dir,
                                const internal::AttemptResult& result) {
  return ReplaceFile(
      dir + kResultFile, result.SerializeAsString(), Durability::kCached);
}

absl::StatusOr<internal::AttemptResult> ReadAttemptResult(
    const std::string& dir, const std::string& token) {
  const absl::StatusOr<std::string> bytes = ReadFile(dir + kResultFile);
  if (absl::IsNotFound(bytes.status())) {
    return WithDetail(MakeError(absl::StatusCode::kNotFound,
                                reason::kInternal,
                                "",
                                "the attempt left no result"),
                      dir);
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
