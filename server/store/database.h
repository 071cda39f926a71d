#ifndef MODBOUND_SERVER_STORE_DATABASE_H_
#define MODBOUND_SERVER_STORE_DATABASE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3_stmt;

namespace modbound {

class SqliteHandle;

// One prepared statement. Parameters are numbered from 1, columns from 0, as in
// SQLite. Errors of Bind* are kept and come out of Step. Dropping it gives the
// compiled statement back to its connection for the next Prepare of the same
// text; it must not outlive the change or query it was made in.
class Statement {
 public:
  Statement(SqliteHandle& handle, sqlite3_stmt* statement)
      : handle_(&handle), statement_(statement) {}
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  Statement(const Statement&) = delete;

  Statement& Bind(int index, int64_t value);
  Statement& Bind(int index, std::string_view text);
  Statement& BindBlob(int index, std::string_view bytes);
  Statement& BindNull(int index);
  // True: a row is there; false: done. Errors: kInternal; kDataLoss where the
  // file is damaged or cannot be read; kResourceExhausted
  // DISK_FULL, MEMORY_LIMIT; kUnavailable when another program holds the
  // database locked.
  absl::StatusOr<bool> Step();
  // Step of a statement that returns no rows.
  absl::Status Run();

  bool IsNull(int column) const;
  int64_t Int(int column) const;
  // Also blobs. Throws bad_alloc, also for SQLite.
  std::string Text(int column) const;

 private:
  void KeepError(int code);

  SqliteHandle* handle_;
  sqlite3_stmt* statement_;
  int bind_error_ = 0;
};

// A connection in the hands of one thread.
class Connection {
 public:
  explicit Connection(SqliteHandle& handle) : handle_(handle) {}
  // `sql` is one statement.
  absl::StatusOr<Statement> Prepare(std::string_view sql);
  // Any number of statements, without parameters and rows.
  absl::Status Execute(const std::string& sql);
  // Rows changed by the last statement: how a conditional UPDATE tells whether
  // it won.
  int64_t Changes() const;
  // Row number that the last INSERT of this connection gave (tables WITHOUT
  // ROWID do not count).
  int64_t LastInsertNumber() const;

 private:
  SqliteHandle& handle_;
};

// The embedded store DATA_DIR/modbound.sqlite3: SQLite, WAL, synchronous=FULL.
// One writer thread owns the only write connection; all changes are queued and
// committed in batches, one transaction and one fsync a batch. Threads: all
// methods are safe from any thread.
//
// Faults: a full disk fails the writes of its batch (kResourceExhausted
// DISK_FULL) and later ones succeed again when there is room, for which a file
// of our own gives way (DiskReserve). After any other I/O error, a failed fsync
// or a damaged page nothing is acknowledged any more: every later write fails
// with kInternal until the server starts anew, because what reached the disk is
// not known. Reads go on.
class Database {
 public:
  // Creates or opens; brings the schema to this version, after an older one was
  // copied to DATA_DIR/backup-schema-<its version>.sqlite3. The directory gets
  // mode 0700. Errors: kFailedPrecondition when another process holds the
  // directory (lock file), the schema is newer, the directory is on a network
  // file system, or it is open to others and holds foreign files; kDataLoss
  // when there are artifacts but the database is empty, when it is damaged, and
  // when changes that were committed are missing; kInternal otherwise.
  // `on_fault` is called once, on the writer thread, when from then on every
  // write fails (see Faults): a server is of no use any more then. It must be
  // quick and neither write nor wait.
  static absl::StatusOr<std::unique_ptr<Database>> Open(
      const std::string& data_dir, std::function<void()> on_fault = {});
  // Commits what is queued, then stops the writer.
  ~Database();

  using Change = std::function<absl::Status(Connection&)>;
  using Done = std::function<void(absl::Status)>;
  // How long a change keeps the writer. kHeavy: more than some milliseconds
  // (the rows of a large graph); what is light does not wait for more than one
  // of them.
  enum class Weight { kLight, kHeavy };
  // Queues a change. It runs on the writer thread in a savepoint of its own: an
  // error undoes this change alone. `done` is called on the writer thread after
  // the commit is on disk (or with the error); it must be quick and not wait.
  // When the commit fails, every change of the batch gets that error, also one
  // that had failed by itself. A change is called once. Changes of one weight
  // run in the order of Write; a light one may overtake a heavy one that is not
  // done yet. What is written after the `done` of another change comes after
  // it, whatever the weights.
  void Write(Change change, Done done, Weight weight = Weight::kLight);
  // Write and wait for the commit. Not from a change or a `done`.
  absl::Status WriteAndWait(Change change);
  // Runs `query` on a read connection: a snapshot of what is committed.
  // Sees every write whose `done` was called before. Writing in it fails.
  absl::Status Read(const std::function<absl::Status(Connection&)>& query);

  // kResourceExhausted DISK_FULL when the disk's reserve is reached: asked
  // before new work is accepted, so that cancelling and deleting find room.
  absl::Status CheckSpace() const;

  const std::string& data_dir() const { return data_dir_; }

 private:
  class Impl;
  Database(std::string data_dir, std::unique_ptr<Impl> impl);
  std::string data_dir_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_STORE_DATABASE_H_
