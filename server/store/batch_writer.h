#ifndef MODBOUND_SERVER_STORE_BATCH_WRITER_H_
#define MODBOUND_SERVER_STORE_BATCH_WRITER_H_

#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "core/base/mutex.h"
#include "server/store/database.h"
#include "server/store/sqlite_handle.h"

namespace modbound {

// The writer thread of a Database: takes all changes queued while the last
// batch was being committed as the next batch, so the more writers wait, the
// fewer fsyncs each costs. Contract of changes: Database::Write.
class BatchWriter {
 public:
  explicit BatchWriter(std::unique_ptr<SqliteHandle> handle);
  // Stops and closes the connection.
  ~BatchWriter();
  BatchWriter(const BatchWriter&) = delete;
  BatchWriter& operator=(const BatchWriter&) = delete;

  void Add(Database::Change change, Database::Done done);
  // Commits what is queued, then ends the thread.
  void Stop();

 private:
  struct Entry {
    Database::Change change;
    Database::Done done;
    absl::Status status;
  };

  void Loop();
  // The next batch; empty = stop.
  std::vector<Entry> TakeQueued();
  // OK: committed, each entry has its own status. Error: nothing of it is.
  absl::Status CommitBatch(std::vector<Entry>& batch);
  absl::Status RunChanges(std::vector<Entry>& batch);
  // Fills entry.status. Error: the whole batch is lost.
  absl::Status RunInSavepoint(Entry& entry);
  // After an I/O error: sets fault_ and tells the log why.
  void NoteFault(const absl::Status& status);
  // Folds a long log into the database, after the answers are out.
  void Checkpoint();

  // Of the writer thread alone, once it runs.
  std::unique_ptr<SqliteHandle> handle_;
  Connection connection_;
  int log_pages_ = 0;
  // Length of the log when it was last folded in.
  int folded_at_ = 0;
  // The error every write gets after a fault that leaves the files unknown.
  absl::Status fault_;

  Mutex mutex_;
  CondVar queued_;
  std::vector<Entry> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_STORE_BATCH_WRITER_H_
