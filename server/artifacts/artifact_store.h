#ifndef MODBOUND_SERVER_ARTIFACTS_ARTIFACT_STORE_H_
#define MODBOUND_SERVER_ARTIFACTS_ARTIFACT_STORE_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "modbound/v1/artifact.pb.h"
#include "server/arrays/array.h"
#include "server/artifacts/digest_pins.h"
#include "server/artifacts/sha256.h"
#include "server/artifacts/stored_bytes.h"
#include "server/files/file_io.h"
#include "server/store/database.h"

namespace modbound {

// Bytes up to this size live in the database, in the transaction that needs
// them; larger ones in DATA_DIR/artifacts/<first two digits>/<digest>.
inline constexpr int64_t kInlineLimit = int64_t{64} * 1024;

// An artifact whose bytes are safe but whose row is not yet committed. Keep it
// (the change that commits it holds a copy) until the commit: as long as it
// lives, RemoveFiles leaves its file alone. When the last copy goes without a
// committed row, the file goes.
struct StagedArtifact {
  std::string digest;
  int64_t size_bytes = 0;
  // The bytes when they are at most kInlineLimit; larger ones are already in
  // their final file, fsynced.
  std::string small_bytes;
  DigestPin pin;
};

// The file of an artifact that does not live in the database.
std::string ArtifactPath(const std::string& data_dir,
                         const std::string& digest);

// Content-addressed bytes: written once, never changed, checked against their
// digest whenever they are read whole. Threads: safe from any thread.
class ArtifactStore {
 public:
  // Makes the folders; removes leftovers of broken writes and sweeps.
  // `database` must outlive the store.
  static absl::StatusOr<std::unique_ptr<ArtifactStore>> Open(
      Database& database, const StoredBytesLimits& limits = {});
  ~ArtifactStore();
  ArtifactStore(const ArtifactStore&) = delete;
  ArtifactStore& operator=(const ArtifactStore&) = delete;

  // Asked before new work and new bytes are taken: kResourceExhausted DISK_FULL
  // when the disk's reserve would be reached, QUOTA_EXCEEDED when `more_bytes`,
  // or with 0 any byte, would pass a limit of the owner's or of all artifacts
  // together. Notes in the log when nine tenths of the server's limit are
  // reached.
  absl::Status CheckRoom(const std::string& owner, int64_t more_bytes);
  // Inside a change, before it adds bytes: QUOTA_EXCEEDED as above. CheckRoom
  // is not enough for those who ask at the same time.
  absl::Status CheckFits(Connection& connection, const MoreBytes& more) const {
    return CheckStoredBytes(connection, limits_, more);
  }
  // False: CheckFits would find nothing, and nothing need be reserved.
  bool has_limits() const { return limits_.any(); }
  // Bytes of all artifacts together.
  absl::StatusOr<int64_t> StoredBytes();

  // Makes bytes durable: hash, and for large ones file, fsync, rename,
  // directory fsync. Errors: kResourceExhausted DISK_FULL.
  absl::StatusOr<StagedArtifact> StageBytes(std::string_view bytes);
  // The same for a file of the same file system, which is renamed away (or
  // removed). `digest` and size are trusted: the caller has just hashed what it
  // wrote. The file is synced here and made read-only.
  absl::StatusOr<StagedArtifact> StageFile(const std::string& path,
                                           const std::string& digest,
                                           int64_t size_bytes);
  // Adds the row inside a Database change; an existing one becomes as young as
  // a new one.
  static absl::Status Commit(Connection& connection,
                             const StagedArtifact& artifact);
  // Promises, inside a Database change, that the artifact stays for a day,
  // whatever jobs are deleted: a client has sent it, or has been told that it
  // need not, and will name it in a job. False when it has no row.
  static absl::StatusOr<bool> Promise(Connection& connection,
                                      const std::string& digest);
  // Notes, inside a Database change, that `owner` has sent the bytes, which
  // have a row.
  static absl::Status CommitUpload(Connection& connection,
                                   const std::string& digest,
                                   const std::string& owner);
  // Removes, inside a Database change, the rows (and facts) of those
  // `candidates` that no job uses any more (table artifact_use; remove the uses
  // of a deleted job first) and that are promised to nobody; without
  // candidates, of all such artifacts that are also older than a day. Returns
  // their digests. RemoveFiles then deletes their files.
  static absl::StatusOr<std::vector<std::string>> CommitRemoveUnused(
      Connection& connection, const std::vector<std::string>& candidates);
  // Queues the deletion of files whose rows are gone; files that were stored
  // anew meanwhile stay. Does not wait: fine from a `done`.
  void RemoveFiles(const std::vector<std::string>& digests);
  // Removes artifacts that no job has used for a day, and files without a row.
  // Waits for the store.
  absl::Status Sweep();

  // Size in bytes. Errors: kNotFound ARTIFACT_NOT_FOUND.
  absl::StatusOr<int64_t> Size(const std::string& digest);
  // The same for who names an artifact by its digest alone: there for an owner
  // who has sent these bytes, or one of whose jobs has them as an input or
  // output. Knowing a digest gives nobody bytes.
  absl::StatusOr<int64_t> SizeFor(const std::string& owner,
                                  const std::string& digest);
  // Whole bytes, checked. Errors: kNotFound ARTIFACT_NOT_FOUND, kDataLoss
  // DIGEST_MISMATCH (damaged or missing file).
  absl::StatusOr<std::string> ReadBytes(const std::string& digest);
  // Reads the whole and hashes it, in pieces. Errors as ReadBytes.
  absl::Status Check(const std::string& digest);
  // The part of [offset, offset + count) that exists, not checked (the reader
  // of a stream checks the whole). Errors: kNotFound ARTIFACT_NOT_FOUND,
  // kInvalidArgument OUT_OF_RANGE "offset" (negative or beyond the end),
  // kDataLoss DIGEST_MISMATCH (file missing or shorter than it was).
  absl::StatusOr<std::string> ReadRange(const std::string& digest,
                                        int64_t offset,
                                        int64_t count);
  // Large bytes are put at `path` for reading, by a hard link; small ones are
  // returned. Checked against the digest when read by RunAttempt.
  absl::StatusOr<std::optional<std::string>> LinkOrRead(
      const std::string& digest, const std::string& path);
  // Those that are not there for `owner` (SizeFor), in the order asked. The
  // others are promised to stay for a day, as by Promise, and to stay there for
  // this owner. Waits for the store.
  absl::StatusOr<std::vector<std::string>> FindMissing(
      const std::string& owner, const std::vector<std::string>& digests);

  // Facts of bytes read as dtype and shape, as far as they were scanned before:
  // under this shape, or under any when it is not square.
  absl::StatusOr<std::optional<v1::ArrayFacts>> StoredFacts(
      const std::string& digest,
      DTypeEnum dtype,
      const std::vector<int64_t>& shape);
  // The same inside a change or a query.
  static absl::StatusOr<std::optional<v1::ArrayFacts>> KnownFacts(
      Connection& connection,
      const std::string& digest,
      DTypeEnum dtype,
      const std::vector<int64_t>& shape);
  // Keeps facts already known, inside a Database change.
  static absl::Status CommitFacts(Connection& connection,
                                  const std::string& digest,
                                  DTypeEnum dtype,
                                  const std::vector<int64_t>& shape,
                                  const v1::ArrayFacts& facts);

 private:
  // A row: its size and, when they are not in a file, its bytes.
  struct Row {
    int64_t size_bytes = 0;
    bool in_file = false;
    std::string bytes;
  };

  ArtifactStore(Database& database, const StoredBytesLimits& limits);
  absl::Status MakeFolders() const;
  absl::Status WarnWhenNearlyFull(Connection& connection);
  absl::StatusOr<std::vector<std::string>> FilesWithoutRow();
  absl::Status PromiseAgain(const std::string& owner,
                            std::map<std::string, int64_t>& promised);
  std::string FilePath(const std::string& digest) const;
  std::string StagingPath();
  absl::StatusOr<std::string> DigestFolder(const std::string& digest);
  absl::Status MoveIntoPlace(const std::string& path,
                             const std::string& digest);
  // `bytes`: [offset, offset + count) of what the row holds.
  absl::StatusOr<Row> FindRow(const std::string& digest,
                              int64_t offset,
                              int64_t count);
  // The file of a row, whole or not at all. kNotFound when the artifact was
  // removed meanwhile.
  absl::StatusOr<FileDescriptor> OpenArtifact(const std::string& digest,
                                              int64_t size_bytes);

  Database& database_;
  const std::string folder_;
  const StoredBytesLimits limits_;
  std::atomic<bool> nearly_full_{false};
  std::shared_ptr<DigestPins> pins_;
  std::atomic<int64_t> next_staging_{0};
  Mutex folders_mutex_;
  std::set<std::string> durable_folders_ ABSL_GUARDED_BY(folders_mutex_);
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_ARTIFACTS_ARTIFACT_STORE_H_
