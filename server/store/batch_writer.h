#ifndef MODBOUND_SERVER_STORE_BATCH_WRITER_H_
#define MODBOUND_SERVER_STORE_BATCH_WRITER_H_

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "core/base/mutex.h"
#include "server/store/commit_mark.h"
#include "server/store/database.h"
#include "server/store/disk_reserve.h"
#include "server/store/sqlite_handle.h"

namespace modbound {

// The writer thread of a Database: takes all light changes queued while the
// last batch was being committed as the next batch, so the more writers wait,
// the fewer fsyncs each costs; after a slow commit of several it also waits a
// little for those who were just answered (batch_writer.cc). A heavy change is
// a batch by itself, and light and heavy batches take turns while both wait: a
// light change waits for one heavy one at most, and neither kind starves.
// Contract of changes: Database::Write.
class BatchWriter {
 public:
  // `on_fault`: Database::Open.
  BatchWriter(std::unique_ptr<SqliteHandle> handle,
              CommitMark mark,
              DiskReserve reserve,
              std::function<void()> on_fault);
  // Stops and closes the connection.
  ~BatchWriter();
  BatchWriter(const BatchWriter&) = delete;
  BatchWriter& operator=(const BatchWriter&) = delete;

  void Add(Database::Change change,
           Database::Done done,
           Database::Weight weight);
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
  std::size_t CountLight();
  // So many light changes may soon be there: the next batch waits for them, a
  // part of what the last one took.
  void Expect(std::size_t changes, std::chrono::steady_clock::duration took);
  // OK: committed, each entry has its own status. Error: nothing of it is.
  absl::Status CommitBatch(std::vector<Entry>& batch);
  absl::Status RunChanges(std::vector<Entry>& batch);
  // Fills entry.status. Error: the whole batch is lost.
  absl::Status RunInSavepoint(Entry& entry);
  // Calls its `done`; `status` is that of the batch.
  static void Answer(const Entry& entry, const absl::Status& status);
  // After an I/O error: sets fault_, tells the log why, calls on_fault_.
  void NoteFault(const absl::Status& status);
  // Folds a long log into the database, after the answers are out.
  void Checkpoint();

  // Of the writer thread alone, once it runs.
  std::unique_ptr<SqliteHandle> handle_;
  Connection connection_;
  CommitMark mark_;
  DiskReserve reserve_;
  const std::function<void()> on_fault_;
  int log_pages_ = 0;
  // Length of the log when it was last folded in.
  int folded_at_ = 0;
  // The error every write gets after a fault that leaves the files unknown.
  absl::Status fault_;

  Mutex mutex_;
  CondVar queued_;
  std::vector<Entry> light_ ABSL_GUARDED_BY(mutex_);
  std::deque<Entry> heavy_ ABSL_GUARDED_BY(mutex_);
  std::size_t expected_ ABSL_GUARDED_BY(mutex_) = 0;
  std::chrono::steady_clock::time_point patience_end_ ABSL_GUARDED_BY(mutex_);
  bool last_was_heavy_ ABSL_GUARDED_BY(mutex_) = true;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_STORE_BATCH_WRITER_H_
