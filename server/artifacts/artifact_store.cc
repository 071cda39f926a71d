#include "server/artifacts/artifact_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace modbound {
namespace {

constexpr int64_t kKeepUnusedMicros = int64_t{24} * 3600 * 1000 * 1000;

int64_t NowMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

absl::StatusOr<bool> IsUsed(Connection& connection, const std::string& digest) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT 1 FROM artifact_use WHERE digest = ?1"));
  return statement.Bind(1, digest).Step();
}

absl::StatusOr<bool> HasRow(Connection& connection, const std::string& digest) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT 1 FROM artifact WHERE digest = ?1"));
  return statement.Bind(1, digest).Step();
}

absl::StatusOr<std::vector<std::string>> UnusedForADay(Connection& connection) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "SELECT digest FROM artifact WHERE created_us < ?1 AND NOT EXISTS "
          "(SELECT 1 FROM artifact_use u WHERE u.digest = artifact.digest)"));
  statement.Bind(1, NowMicros() - kKeepUnusedMicros);
  std::vector<std::string> digests;
  while (true) {
    MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) {
      return digests;
    }
    digests.push_back(statement.Text(0));
  }
}

absl::Status RemoveRow(Connection& connection, const std::string& digest) {
  for (const char* sql : {"DELETE FROM fact WHERE digest = ?1",
                          "DELETE FROM artifact WHERE digest = ?1"}) {
    MODBOUND_ASSIGN_OR_RETURN(Statement statement, connection.Prepare(sql));
    MODBOUND_RETURN_IF_ERROR(statement.Bind(1, digest).Run());
  }
  return absl::OkStatus();
}

}  // namespace

ArtifactStore::ArtifactStore(Database& database)
    : database_(database),
      folder_(database.data_dir() + "/artifacts"),
      pins_(std::make_shared<DigestPins>()) {}

absl::StatusOr<std::unique_ptr<ArtifactStore>> ArtifactStore::Open(
    Database& database) {
  std::unique_ptr<ArtifactStore> store(new ArtifactStore(database));
  MODBOUND_RETURN_IF_ERROR(store->MakeFolders());
  MODBOUND_RETURN_IF_ERROR(
      database.WriteAndWait([](Connection& connection) -> absl::Status {
        return CommitRemoveUnused(connection, {}).status();
      }));
  MODBOUND_RETURN_IF_ERROR(store->RemoveOrphans());
  return store;
}

absl::Status ArtifactStore::MakeFolders() const {
  MODBOUND_RETURN_IF_ERROR(MakeDirectory(folder_));
  std::error_code error;
  std::filesystem::remove_all(folder_ + "/staging", error);
  MODBOUND_RETURN_IF_ERROR(MakeDirectory(folder_ + "/staging"));
  return SyncDirectory(database_.data_dir());
}

// The folder of a digest, durable. One that is there may have been made a
// moment ago by another thread, or before a crash: it counts only when this
// server has synced it into its parent.
absl::StatusOr<std::string> ArtifactStore::DigestFolder(
    const std::string& digest) {
  std::string folder = absl::StrCat(folder_, "/", digest.substr(0, 2));
  MutexLock lock(folders_mutex_);
  if (durable_folders_.count(folder) == 0) {
    MODBOUND_RETURN_IF_ERROR(MakeDirectory(folder));
    MODBOUND_RETURN_IF_ERROR(SyncDirectory(folder_));
    durable_folders_.insert(folder);
  }
  return folder;
}

// Files that were in place when the server died before their row was.
absl::Status ArtifactStore::RemoveOrphans() {
  std::vector<std::string> orphans;
  MODBOUND_RETURN_IF_ERROR(database_.Read([&](Connection& connection)
                                              -> absl::Status {
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator it(folder_, error), end;
         !error && it != end;
         it.increment(error)) {
      const std::string name = it->path().filename().string();
      if (IsDigest(name)) {
        MODBOUND_ASSIGN_OR_RETURN(const bool known, HasRow(connection, name));
        if (!known) {
          orphans.push_back(it->path().string());
        }
      }
    }
    return absl::OkStatus();
  }));
  for (const std::string& path : orphans) {
    MODBOUND_RETURN_IF_ERROR(RemoveFile(path));
  }
  return absl::OkStatus();
}

std::string ArtifactStore::FilePath(const std::string& digest) const {
  return absl::StrCat(folder_, "/", digest.substr(0, 2), "/", digest);
}

std::string ArtifactStore::StagingPath() {
  return absl::StrCat(folder_, "/staging/", next_staging_.fetch_add(1));
}

// The rename also replaces a damaged file of the same digest.
absl::Status ArtifactStore::MoveIntoPlace(const std::string& path,
                                          const std::string& digest) {
  MODBOUND_ASSIGN_OR_RETURN(const std::string folder, DigestFolder(digest));
  MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor file,
                            OpenFile(path, O_RDONLY));
  MODBOUND_RETURN_IF_ERROR(SyncFile(file, path));
  if (::fchmod(file.get(), 0400) != 0) {
    return FileError("chmod", path, errno);
  }
  MODBOUND_RETURN_IF_ERROR(RenameFile(path, FilePath(digest)));
  return SyncDirectory(folder);
}

absl::StatusOr<StagedArtifact> ArtifactStore::StageBytes(
    std::string_view bytes) {
  StagedArtifact artifact;
  artifact.digest = Sha256Hex(bytes);
  artifact.size_bytes = static_cast<int64_t>(bytes.size());
  if (artifact.size_bytes <= kInlineLimit) {
    artifact.small_bytes = std::string(bytes);
    return artifact;
  }
  artifact.pin = pins_->Pin(artifact.digest);
  if (const absl::StatusOr<std::string> there =
          Sha256HexOfFile(FilePath(artifact.digest));
      there.ok() && *there == artifact.digest) {
    // Whoever renamed it may not have synced its folder yet.
    MODBOUND_ASSIGN_OR_RETURN(const std::string folder,
                              DigestFolder(artifact.digest));
    MODBOUND_RETURN_IF_ERROR(SyncDirectory(folder));
    return artifact;
  }
  MODBOUND_RETURN_IF_ERROR(RequireFreeSpace(folder_, artifact.size_bytes));
  const std::string staging = StagingPath();
  absl::Status status = [&]() -> absl::Status {
    MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor file,
                              OpenFile(staging, O_WRONLY | O_CREAT | O_EXCL));
    MODBOUND_RETURN_IF_ERROR(WriteAt(file, staging, bytes, 0));
    return MoveIntoPlace(staging, artifact.digest);
  }();
  if (!status.ok()) {
    RemoveFile(staging).IgnoreError();
    return status;
  }
  return artifact;
}

absl::StatusOr<StagedArtifact> ArtifactStore::StageFile(
    const std::string& path, const std::string& digest, int64_t size_bytes) {
  StagedArtifact artifact;
  artifact.digest = digest;
  artifact.size_bytes = size_bytes;
  if (size_bytes <= kInlineLimit) {
    MODBOUND_ASSIGN_OR_RETURN(artifact.small_bytes, ReadFile(path));
    MODBOUND_RETURN_IF_ERROR(RemoveFile(path));
    return artifact;
  }
  artifact.pin = pins_->Pin(digest);
  MODBOUND_RETURN_IF_ERROR(MoveIntoPlace(path, digest));
  return artifact;
}

absl::Status ArtifactStore::Commit(Connection& connection,
                                   const StagedArtifact& artifact) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "INSERT INTO artifact(digest, size_bytes, created_us, bytes) "
          "VALUES(?1, ?2, ?3, ?4) ON CONFLICT(digest) DO UPDATE SET "
          "created_us = excluded.created_us, bytes = excluded.bytes"));
  statement.Bind(1, artifact.digest)
      .Bind(2, artifact.size_bytes)
      .Bind(3, NowMicros());
  if (artifact.size_bytes <= kInlineLimit) {
    statement.BindBlob(4, artifact.small_bytes);
  } else {
    statement.BindNull(4);
  }
  return statement.Run();
}

absl::StatusOr<std::vector<std::string>> ArtifactStore::CommitRemoveUnused(
    Connection& connection, const std::vector<std::string>& candidates) {
  std::vector<std::string> removed;
  if (candidates.empty()) {
    MODBOUND_ASSIGN_OR_RETURN(removed, UnusedForADay(connection));
  }
  for (const std::string& digest : candidates) {
    MODBOUND_ASSIGN_OR_RETURN(const bool used, IsUsed(connection, digest));
    if (!used) {
      removed.push_back(digest);
    }
  }
  for (const std::string& digest : removed) {
    MODBOUND_RETURN_IF_ERROR(RemoveRow(connection, digest));
  }
  return removed;
}

// On the writer thread: there no row can appear between the look and the
// removal, and a digest about to get its row is pinned.
void ArtifactStore::RemoveFiles(const std::vector<std::string>& digests) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const std::string& digest : digests) {
    if (IsDigest(digest)) {
      files.emplace_back(digest, FilePath(digest));
    }
  }
  database_.Write(
      [files = std::move(files),
       pins = pins_](Connection& connection) -> absl::Status {
        absl::Status status;
        for (const auto& [digest, path] : files) {
          pins->IfFree(digest, [&, &digest = digest, &path = path] {
            const absl::StatusOr<bool> known = HasRow(connection, digest);
            status.Update(known.ok() && *known ? absl::OkStatus()
                                               : known.status());
            if (known.ok() && !*known) {
              status.Update(RemoveFile(path));
            }
          });
        }
        return status;
      },
      // What stays is removed by the next start of the server.
      [](const absl::Status&) {});
}

}  // namespace modbound
