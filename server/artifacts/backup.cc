#include "server/artifacts/backup.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/artifacts/artifact_store.h"
#include "server/artifacts/sha256.h"
#include "server/files/failpoint.h"
#include "server/files/file_io.h"
#include "server/store/data_dir.h"
#include "server/store/snapshot.h"
#include "server/store/sqlite_handle.h"

namespace modbound {
namespace {

// Artifacts may be deleted between the snapshot and their copy; then a new
// snapshot is taken, which needs less and less copying.
constexpr int kMostSnapshots = 8;
constexpr int64_t kCopiedPiece = int64_t{4} << 20;

struct Named {
  std::string digest;
  int64_t size_bytes = 0;
};

// Artifacts of a database that lie in files.
absl::StatusOr<std::vector<Named>> FilesOf(const std::string& database) {
  MODBOUND_ASSIGN_OR_RETURN(
      const std::unique_ptr<SqliteHandle> handle,
      SqliteHandle::Open(database, SqliteHandle::Mode::kReadWrite));
  Connection connection(*handle);
  MODBOUND_ASSIGN_OR_RETURN(
      Statement rows,
      connection.Prepare("SELECT digest, size_bytes FROM artifact WHERE bytes "
                         "IS NULL ORDER BY digest"));
  std::vector<Named> files;
  while (true) {
    MODBOUND_ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) {
      return files;
    }
    files.push_back({rows.Text(0), rows.Int(1)});
  }
}

// Errors: kNotFound when the file is not there, kDataLoss when it is damaged.
absl::Status CopyChecked(const std::string& from,
                         const std::string& to,
                         const std::string& digest) {
  MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor source,
                            OpenFile(from, O_RDONLY));
  MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor copy,
                            OpenFile(to, O_WRONLY | O_CREAT | O_EXCL));
  Sha256 hash;
  std::string piece(static_cast<std::size_t>(kCopiedPiece), '\0');
  for (int64_t offset = 0;;) {
    MODBOUND_ASSIGN_OR_RETURN(
        const int64_t got,
        ReadAt(source, from, piece.data(), kCopiedPiece, offset));
    const std::string_view bytes(piece.data(), static_cast<std::size_t>(got));
    hash.Add(bytes);
    MODBOUND_RETURN_IF_ERROR(WriteAt(copy, to, bytes, offset));
    offset += got;
    if (got < kCopiedPiece) {
      break;
    }
  }
  if (hash.Hex() != digest) {
    return MakeError(absl::StatusCode::kDataLoss,
                     "DIGEST_MISMATCH",
                     "",
                     absl::StrCat("the stored bytes of artifact ",
                                  digest,
                                  " are damaged; modboundd --verify lists all "
                                  "that are"));
  }
  return SyncFile(copy, to);
}

// False when the file of one was deleted meanwhile.
absl::StatusOr<bool> CopyFiles(const std::string& data_dir,
                               const std::string& staging,
                               const std::vector<Named>& files) {
  for (const auto& [digest, size_bytes] : files) {
    const std::string to = ArtifactPath(staging, digest);
    if (::access(to.c_str(), F_OK) == 0) {
      continue;  // of an earlier snapshot
    }
    MODBOUND_RETURN_IF_ERROR(
        MakeDirectory(std::filesystem::path(to).parent_path()));
    const absl::Status copied =
        CopyChecked(ArtifactPath(data_dir, digest), to, digest);
    if (absl::IsNotFound(copied)) {
      return false;
    }
    MODBOUND_RETURN_IF_ERROR(copied);
  }
  return true;
}

// Artifacts of an earlier snapshot that the last one does not name.
absl::Status RemoveOthers(const std::string& staging,
                          const std::vector<Named>& files) {
  std::vector<std::string> digests;
  digests.reserve(files.size());
  for (const Named& file : files) {
    digests.push_back(file.digest);
  }
  std::error_code error;
  for (const auto& folder :
       std::filesystem::directory_iterator(staging + "/artifacts", error)) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (!std::binary_search(digests.begin(),
                              digests.end(),
                              entry.path().filename().string())) {
        MODBOUND_RETURN_IF_ERROR(RemoveFile(entry.path()));
      }
    }
    MODBOUND_RETURN_IF_ERROR(SyncDirectory(folder.path()));
  }
  return SyncDirectory(staging + "/artifacts");
}

absl::Status FillStaging(const std::string& data_dir,
                         const std::string& staging) {
  const std::string database = staging + "/modbound.sqlite3";
  MODBOUND_RETURN_IF_ERROR(MakeDirectory(staging + "/artifacts"));
  std::string missing;
  for (int snapshot = 0; snapshot < kMostSnapshots; ++snapshot) {
    MODBOUND_RETURN_IF_ERROR(RemoveFile(database));
    MODBOUND_RETURN_IF_ERROR(
        CopyDatabase(data_dir + "/modbound.sqlite3", database));
    ReachFailpoint(Failpoint::kBackupDatabaseCopied);
    MODBOUND_ASSIGN_OR_RETURN(const std::vector<Named> files,
                              FilesOf(database));
    MODBOUND_ASSIGN_OR_RETURN(const bool all,
                              CopyFiles(data_dir, staging, files));
    if (all) {
      return RemoveOthers(staging, files);
    }
  }
  return MakeError(absl::StatusCode::kDataLoss,
                   "DIGEST_MISMATCH",
                   "",
                   "files of artifacts are missing; modboundd --verify lists "
                   "them");
}

absl::Status RefuseTarget(const std::string& target, const std::string& why) {
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   "WRONG_STATE",
                   "backup",
                   absl::StrCat("backup is ", target, ", ", why));
}

}  // namespace

absl::Status BackupStore(
    const std::string& data_dir,
    const std::string& target,
    const std::function<absl::Status(const std::string& folder)>& add_rest) {
  MODBOUND_RETURN_IF_ERROR(CheckStore(data_dir));
  const std::filesystem::path path =
      std::filesystem::absolute(target).lexically_normal();
  // One that cannot be looked for cannot be made either.
  std::error_code unknown;
  if (std::filesystem::exists(path, unknown)) {
    return RefuseTarget(target,
                        "which is there already; a backup is a new folder");
  }
  std::string staging = path.string() + ".part-XXXXXX";
  if (::mkdtemp(staging.data()) == nullptr) {
    const int code = errno;
    const absl::Status error = FileError("make", staging, code);
    return IsShortage(error)
               ? error
               : RefuseTarget(
                     target,
                     absl::StrCat("but no folder can be made in ",
                                  path.parent_path().string(),
                                  ": ",
                                  std::generic_category().message(code)));
  }
  absl::Cleanup remove = [&staging] { RemoveFolder(staging).IgnoreError(); };
  MODBOUND_RETURN_IF_ERROR(FillStaging(data_dir, staging));
  if (add_rest) {
    MODBOUND_RETURN_IF_ERROR(add_rest(staging));
  }
  MODBOUND_RETURN_IF_ERROR(SyncDirectory(staging));
  ReachFailpoint(Failpoint::kBackupFilled);
  MODBOUND_RETURN_IF_ERROR(RenameFile(staging, path));
  ReachFailpoint(Failpoint::kBackupRenamed);
  std::move(remove).Cancel();
  return SyncDirectory(path.parent_path());
}

}  // namespace modbound
