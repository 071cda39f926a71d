#ifndef MODBOUND_SERVER_STORE_COMMIT_MARK_H_
#define MODBOUND_SERVER_STORE_COMMIT_MARK_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/files/file_io.h"
#include "server/store/sqlite_handle.h"

namespace modbound {

// Counts commits twice: in the database (SQLite's application_id), as part of
// each, and in DATA_DIR/committed, after it is on the disk. A write-ahead log
// that was damaged or cut looks to SQLite like one whose end a power cut took
// away: what is behind is dropped without a word. Then the database has the
// lower count. The file is not synced: after a power cut it may be behind,
// which tells nothing. Counts wrap.
class CommitMark {
 public:
  // Errors: kDataLoss when commits are missing; those of files and store.
  static absl::StatusOr<CommitMark> Open(SqliteHandle& handle,
                                         const std::string& data_dir);
  // The same question alone; changes nothing.
  static absl::Status Check(SqliteHandle& handle, const std::string& data_dir);

  // Inside the transaction, as its last change.
  absl::Status Put(SqliteHandle& handle) const;
  // It is on the disk.
  void Committed();

 private:
  CommitMark(FileDescriptor file, std::string path, uint32_t count)
      : file_(std::move(file)), path_(std::move(path)), count_(count) {}

  FileDescriptor file_;
  std::string path_;
  uint32_t count_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_STORE_COMMIT_MARK_H_
