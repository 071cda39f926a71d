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
constexpr char kWrongDigest[] = "its bytes do not have its digest";

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

// `size`: bytes that are there.
absl::Status CheckSize(const std::string& name,
                       const v1::Array& about,
                       int64_t size) {
  const std::vector<int64_t> shape(about.shape().begin(), about.shape().end());
  if (NumElements(shape) >= 0 &&
      NumElements(shape) * ElementSize(about.dtype()) == size) {
    return absl::OkStatus();
  }
  return InputMismatch(name,
                       absl::StrCat("its ",
                                    size,
                                    " bytes do not hold ",
                                    DTypeName(about.dtype()),
                                    " of shape ",
                                    ShapeText(shape)));
}

HostArray EmptyArray(const v1::Array& about) {
  return {about.dtype(),
          {about.shape().begin(), about.shape().end()},
          {about.axes().begin(), about.axes().end()}};
}

absl::StatusOr<HostArray> ReadArrayFile(
    const std::string& path,
    const std::string& name,
    const internal::AttemptSpec::File& entry,
    const StopFlag& stop) {
  absl::StatusOr<FileDescriptor> file = OpenFile(path, O_RDONLY);
  MODBOUND_RETURN_IF_ERROR(AsInternal(file.status(), path));
  MODBOUND_ASSIGN_OR_RETURN(const int64_t size, FileSize(*file, path));
  MODBOUND_RETURN_IF_ERROR(CheckSize(name, entry.array(), size));
  HostArray array = EmptyArray(entry.array());
  MODBOUND_ASSIGN_OR_RETURN(
      const bool same,
      ReadChecked(*file, path, entry.array().artifact(), stop, array));
  if (!same) {
    return InputMismatch(name, kWrongDigest);
  }
  return array;
}

absl::StatusOr<HostArray> TakeSmallBytes(
    const std::string& name, const internal::AttemptSpec::File& entry) {
  const std::string& bytes = entry.small_bytes();
  MODBOUND_RETURN_IF_ERROR(
      CheckSize(name, entry.array(), static_cast<int64_t>(bytes.size())));
  if (Sha256Hex(bytes) != entry.array().artifact()) {
    return InputMismatch(name, kWrongDigest);
  }
  HostArray array = EmptyArray(entry.array());
  std::copy(bytes.begin(),
            bytes.end(),
            reinterpret_cast<char*>(array.mutable_data()));
  return array;
}

// Writes `array` and returns its digest.
absl::StatusOr<std::string> WriteHashed(const FileDescriptor& file,
                                        const std::string& path,
                                        const HostArray& array,
                                        const StopFlag& stop) {
  Sha256 hash;
  int64_t unsynced = 0;
  for (int64_t offset = 0; offset < array.size_bytes(); offset += kPiece) {
    if (stop.stopped()) {
      return StoppedError();
    }
    const std::string_view piece = PieceOf(array, offset);
    MODBOUND_RETURN_IF_ERROR(WriteAt(file, path, piece, offset));
    hash.Add(piece);
    unsynced += kPiece;
    if (unsynced >= kSyncPiece) {
      MODBOUND_RETURN_IF_ERROR(SyncFile(file, path));
      unsynced = 0;
    }
  }
  MODBOUND_RETURN_IF_ERROR(SyncFile(file, path));
  return hash.Hex();
}

// Writes DIR/`path` and returns the digest.
absl::StatusOr<std::string> WriteArrayFile(const std::string& dir,
                                           const std::string& path,
                                           const HostArray& array,
                                           const StopFlag& stop) {
  const std::string full_path = absl::StrCat(dir, "/", path);
  MODBOUND_RETURN_IF_ERROR(RequireFreeSpace(dir, array.size_bytes()));
  MODBOUND_RETURN_IF_ERROR(MakeDirectory(DirectoryOf(full_path)));
  MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor file,
                            OpenFile(full_path, O_WRONLY | O_CREAT | O_TRUNC));
  return WriteHashed(file, full_path, array, stop);
}

}  // namespace

absl::Status MakeAttemptDirectory(const std::string& dir) {
  MODBOUND_RETURN_IF_ERROR(RemoveFolder(dir));
  return MakeDirectory(dir);
}

absl::StatusOr<bool> EmptyAttemptDirectory(const std::string& dir) {
  std::error_code error;
  for (std::filesystem::directory_iterator it(dir, error), end;
       !error && it != end;
       it.increment(error)) {
    const std::string name = absl::StrCat("/", it->path().filename().string());
    if (name != kSpecFile && name != kResultFile) {
      return false;
    }
  }
  if (error) {
    return FileError("list", dir, error.value());
  }
  for (const char* name : {kSpecFile, kResultFile}) {
    MODBOUND_RETURN_IF_ERROR(
        OpenFile(dir + name, O_WRONLY | O_CREAT | O_TRUNC).status());
  }
  return true;
}

absl::Status WriteAttemptSpec(const std::string& dir,
                              const internal::AttemptSpec& spec) {
  return OverwriteFile(dir + kSpecFile, spec.SerializeAsString());
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
    return file.has_small_bytes()
               ? TakeSmallBytes(name, file)
               : ReadArrayFile(
                     absl::StrCat(dir, "/", file.path()), name, file, stop);
  });
}

absl::StatusOr<internal::AttemptSpec::File> WriteOutput(const std::string& dir,
                                                        const std::string& path,
                                                        const HostArray& array,
                                                        const StopFlag& stop) {
  internal::AttemptSpec::File entry;
  std::string digest;
  if (array.size_bytes() <= kInlineLimit) {
    entry.set_small_bytes(std::string(PieceOf(array, 0)));
    digest = Sha256Hex(entry.small_bytes());
  } else {
    entry.set_path(path);
    MODBOUND_ASSIGN_OR_RETURN(digest, WriteArrayFile(dir, path, array, stop));
  }
  v1::Array* about = entry.mutable_array();
  about->set_dtype(array.dtype());
  about->mutable_shape()->Add(array.shape().begin(), array.shape().end());
  about->mutable_axes()->Add(array.axes().begin(), array.axes().end());
  about->set_artifact(digest);
  return entry;
}

absl::Status WriteAttemptResult(const std::string& dir,
                                const internal::AttemptResult& result) {
  internal::AttemptResult whole = result;
  whole.set_complete(true);
  return OverwriteFile(dir + kResultFile, whole.SerializeAsString());
}

absl::StatusOr<internal::AttemptResult> ReadAttemptResult(
    const std::string& dir, const std::string& token) {
  const absl::StatusOr<std::string> bytes = ReadFile(dir + kResultFile);
  internal::AttemptResult result;
  if (absl::IsNotFound(bytes.status()) ||
      (bytes.ok() && (!result.ParseFromString(*bytes) || !result.complete()))) {
    return WithDetail(MakeError(absl::StatusCode::kNotFound,
                                reason::kInternal,
                                "",
                                "the attempt left no result"),
                      dir);
  }
  MODBOUND_RETURN_IF_ERROR(bytes.status());
  if (result.token() != token) {
    return WrongToken(dir);
  }
  return result;
}

}  // namespace modbound
