#include "server/artifacts/artifact_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/files/failpoint.h"
#include "server/store/wall_time.h"

namespace modbound {
namespace {

// A promise made again within the hour is not written again: a day, and an hour
// by which it may be older than it looks.
constexpr int64_t kKeepMicros = int64_t{25} * 3600 * 1000 * 1000;

// Neither used nor promised.
absl::StatusOr<bool> IsForNobody(Connection& connection,
                                 const std::string& digest) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "SELECT EXISTS(SELECT 1 FROM artifact_use WHERE digest = ?1) OR "
          "EXISTS(SELECT 1 FROM artifact WHERE digest = ?1 AND uploaded_us >= "
          "?2)"));
  MODBOUND_RETURN_IF_ERROR(statement.Bind(1, digest)
                               .Bind(2, WallMicros() - kKeepMicros)
                               .Step()
                               .status());
  return statement.Int(0) == 0;
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
          "SELECT digest FROM artifact WHERE created_us < ?1 AND uploaded_us < "
          "?1 AND NOT EXISTS (SELECT 1 FROM artifact_use u WHERE u.digest = "
          "artifact.digest)"));
  statement.Bind(1, WallMicros() - kKeepMicros);
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
                          "DELETE FROM artifact_upload WHERE digest = ?1",
                          "DELETE FROM artifact WHERE digest = ?1"}) {
    MODBOUND_ASSIGN_OR_RETURN(Statement statement, connection.Prepare(sql));
    MODBOUND_RETURN_IF_ERROR(statement.Bind(1, digest).Run());
  }
  return absl::OkStatus();
}

}  // namespace

std::string ArtifactPath(const std::string& data_dir,
                         const std::string& digest) {
  return absl::StrCat(
      data_dir, "/artifacts/", digest.substr(0, 2), "/", digest);
}

ArtifactStore::ArtifactStore(Database& database,
                             const StoredBytesLimits& limits)
    : database_(database),
      folder_(database.data_dir() + "/artifacts"),
      limits_(limits),
      pins_(std::make_shared<DigestPins>(
          [this](const std::string& digest) { RemoveFiles({digest}); })) {}

ArtifactStore::~ArtifactStore() { pins_->Close(); }

absl::StatusOr<std::unique_ptr<ArtifactStore>> ArtifactStore::Open(
    Database& database, const StoredBytesLimits& limits) {
  std::unique_ptr<ArtifactStore> store(new ArtifactStore(database, limits));
  MODBOUND_RETURN_IF_ERROR(store->MakeFolders());
  MODBOUND_RETURN_IF_ERROR(store->Sweep());
  return store;
}

absl::Status ArtifactStore::MakeFolders() const {
  MODBOUND_RETURN_IF_ERROR(MakeDirectory(folder_));
  RemoveFolder(folder_ + "/staging").IgnoreError();
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

absl::Status ArtifactStore::Sweep() {
  std::vector<std::string> removed;
  MODBOUND_RETURN_IF_ERROR(
      database_.WriteAndWait([&](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(removed, CommitRemoveUnused(connection, {}));
        return absl::OkStatus();
      }));
  ReachFailpoint(Failpoint::kBootSwept);
  RemoveFiles(removed);
  MODBOUND_ASSIGN_OR_RETURN(const std::vector<std::string> orphans,
                            FilesWithoutRow());
  RemoveFiles(orphans);
  // Changes run in order: after this one the files are gone.
  return database_.WriteAndWait([](Connection&) { return absl::OkStatus(); });
}

// Files that were in place when the server died before their row was. Those of
// artifacts that are just being stored are among them.
absl::StatusOr<std::vector<std::string>> ArtifactStore::FilesWithoutRow() {
  std::vector<std::string> digests;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator it(folder_, error), end;
       !error && it != end;
       it.increment(error)) {
    std::string name = it->path().filename().string();
    if (IsDigest(name)) {
      digests.push_back(std::move(name));
    }
  }
  std::vector<std::string> without;
  MODBOUND_RETURN_IF_ERROR(
      database_.Read([&](Connection& connection) -> absl::Status {
        for (std::string& digest : digests) {
          MODBOUND_ASSIGN_OR_RETURN(const bool known,
                                    HasRow(connection, digest));
          if (!known) {
            without.push_back(std::move(digest));
          }
        }
        return absl::OkStatus();
      }));
  return without;
}

std::string ArtifactStore::FilePath(const std::string& digest) const {
  return ArtifactPath(database_.data_dir(), digest);
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
  ReachFailpoint(Failpoint::kArtifactSynced);
  MODBOUND_RETURN_IF_ERROR(RenameFile(path, FilePath(digest)));
  ReachFailpoint(Failpoint::kArtifactRenamed);
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
      .Bind(3, WallMicros());
  if (artifact.size_bytes <= kInlineLimit) {
    statement.BindBlob(4, artifact.small_bytes);
  } else {
    statement.BindNull(4);
  }
  return statement.Run();
}

absl::StatusOr<bool> ArtifactStore::Promise(Connection& connection,
                                            const std::string& digest) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "UPDATE artifact SET uploaded_us = ?2 WHERE digest = ?1"));
  MODBOUND_RETURN_IF_ERROR(
      statement.Bind(1, digest).Bind(2, WallMicros()).Run());
  return connection.Changes() > 0;
}

absl::Status ArtifactStore::CommitUpload(Connection& connection,
                                         const std::string& digest,
                                         const std::string& owner) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("INSERT OR IGNORE INTO artifact_upload(digest, owner) "
                         "VALUES(?1, ?2)"));
  return statement.Bind(1, digest).Bind(2, owner).Run();
}

absl::StatusOr<std::vector<std::string>> ArtifactStore::CommitRemoveUnused(
    Connection& connection, const std::vector<std::string>& candidates) {
  std::vector<std::string> removed;
  if (candidates.empty()) {
    MODBOUND_ASSIGN_OR_RETURN(removed, UnusedForADay(connection));
  }
  for (const std::string& digest : candidates) {
    MODBOUND_ASSIGN_OR_RETURN(const bool for_nobody,
                              IsForNobody(connection, digest));
    if (for_nobody) {
      removed.push_back(digest);
    }
  }
  for (const std::string& digest : removed) {
    MODBOUND_RETURN_IF_ERROR(RemoveRow(connection, digest));
  }
  return removed;
}

// Looks inside a change, removes after its commit: a change before it in the
// same batch may have removed the row, and is undone when the batch fails; a
// failed commit that reached the disk all the same is settled by one that
// follows it. A row that comes back meanwhile is pinned. What stays is removed
// by the next sweep.
void ArtifactStore::RemoveFiles(const std::vector<std::string>& digests) {
  const auto without_row = std::make_shared<std::vector<std::string>>();
  database_.Write(
      [digests, without_row](Connection& connection) -> absl::Status {
        for (const std::string& digest : digests) {
          if (!IsDigest(digest)) {
            continue;
          }
          MODBOUND_ASSIGN_OR_RETURN(const bool known,
                                    HasRow(connection, digest));
          if (!known) {
            without_row->push_back(digest);
          }
        }
        return absl::OkStatus();
      },
      [without_row, pins = pins_, data_dir = database_.data_dir()](
          const absl::Status& status) {
        if (!status.ok()) {
          return;
        }
        for (const std::string& digest : *without_row) {
          pins->IfFree(digest, [&] {
            ReachFailpoint(Failpoint::kDeleteFileFound);
            RemoveFile(ArtifactPath(data_dir, digest)).IgnoreError();
            ReachFailpoint(Failpoint::kDeleteFileRemoved);
          });
        }
      });
}

}  // namespace modbound
