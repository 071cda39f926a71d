#include "server/store/batch_writer.h"

#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "server/files/file_io.h"
#include "server/files/guarded.h"
#include "server/files/until_memory.h"

namespace modbound {
namespace {

// Pages of 4 KiB: each time the log has grown by the first number it is folded
// into the database as far as readers allow, beyond the second readers are
// waited for.
constexpr int kCheckpointPages = 1000;
constexpr int kTruncatePages = 20000;

// A batch waits for more changes for this part of what the last one took, where
// that is worth a switch of threads.
constexpr int kPatienceShare = 8;
constexpr std::chrono::steady_clock::duration kLeastPatience =
    std::chrono::microseconds(100);
constexpr std::chrono::steady_clock::duration kMostPatience =
    std::chrono::milliseconds(1);

int NoteLogPages(void* pages, sqlite3*, const char*, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

}  // namespace

BatchWriter::BatchWriter(std::unique_ptr<SqliteHandle> handle,
                         CommitMark mark,
                         DiskReserve reserve,
                         std::function<void()> on_fault)
    : handle_(std::move(handle)),
      connection_(*handle_),
      mark_(std::move(mark)),
      reserve_(std::move(reserve)),
      on_fault_(std::move(on_fault)) {
  // Replaces SQLite's own checkpoint, which would delay the answers and hide
  // its errors.
  sqlite3_wal_hook(handle_->get(), NoteLogPages, &log_pages_);
  thread_ = std::thread([this] { Loop(); });
}

BatchWriter::~BatchWriter() {
  Stop();
  if (!fault_.ok()) {
    // Leave the files as they are for the next start's recovery.
    sqlite3_db_config(
        handle_->get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
}

void BatchWriter::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    queued_.NotifyOne();
  }
  if (thread_.joinable()) {
    thread_.join();
  }
}

void BatchWriter::Add(Database::Change change,
                      Database::Done done,
                      Database::Weight weight) {
  Entry entry{std::move(change), std::move(done), absl::OkStatus()};
  MutexLock lock(mutex_);
  if (weight == Database::Weight::kHeavy) {
    heavy_.push_back(std::move(entry));
  } else {
    light_.push_back(std::move(entry));
  }
  queued_.NotifyOne();
}

std::vector<BatchWriter::Entry> BatchWriter::TakeQueued() {
  MutexLock lock(mutex_);
  while (light_.empty() && heavy_.empty() && !stopping_) {
    queued_.Wait(mutex_);
  }
  // Who was just answered and comes again at once shares this commit instead of
  // the next; else two groups of writers form that take turns.
  while (heavy_.empty() && !stopping_ && light_.size() < expected_ &&
         queued_.WaitUntil(mutex_, patience_end_)) {
  }
  last_was_heavy_ = !heavy_.empty() && (light_.empty() || !last_was_heavy_);
  if (!last_was_heavy_) {
    return std::exchange(light_, {});
  }
  std::vector<Entry> batch(1);
  batch.front() = std::move(heavy_.front());
  heavy_.pop_front();
  return batch;
}

void BatchWriter::Loop() {
  while (true) {
    std::vector<Entry> batch;
    UntilMemory([&] { batch = TakeQueued(); });
    if (batch.empty()) {
      return;
    }
    IfMemory([&] { reserve_.Adjust(); });
    const auto begin = std::chrono::steady_clock::now();
    const absl::Status status = fault_.ok() ? CommitBatch(batch) : fault_;
    const auto end = std::chrono::steady_clock::now();
    IfMemory([&] {
      if (IsShortage(status)) {
        reserve_.Release();
      }
    });
    NoteFault(status);
    if (status.ok()) {
      IfMemory([&] { mark_.Committed(); });
    }
    const std::size_t waiting = CountLight();
    for (Entry& entry : batch) {
      Answer(entry, status);
    }
    Expect(batch.size() > 1 ? waiting + batch.size() : 0, end - begin);
    batch.clear();
    if (fault_.ok()) {
      IfMemory([&] { Checkpoint(); });
    }
  }
}

std::size_t BatchWriter::CountLight() {
  MutexLock lock(mutex_);
  return light_.size();
}

void BatchWriter::Expect(std::size_t changes,
                         std::chrono::steady_clock::duration took) {
  const auto patience = std::min(took / kPatienceShare, kMostPatience);
  MutexLock lock(mutex_);
  expected_ = patience < kLeastPatience ? 0 : changes;
  patience_end_ = std::chrono::steady_clock::now() + patience;
}

// A `done` that finds no memory is dropped, and with it whatever it holds:
// whoever waits for a call learns that from its end.
void BatchWriter::Answer(const Entry& entry, const absl::Status& status) {
  const absl::Status answered = Guarded([&] {
    entry.done(status.ok() ? entry.status : status);
    return absl::OkStatus();
  });
  if (!answered.ok()) {
    IfMemory([&] {
      spdlog::error("event=answer_dropped error=\"{}\"", LogText(answered));
    });
  }
}

void BatchWriter::NoteFault(const absl::Status& status) {
  if (!fault_.ok() || !handle_->broken()) {
    return;
  }
  IfMemory([&] {
    spdlog::critical("event=store_failed error=\"{}\"", LogText(status));
  });
  UntilMemory([&] {
    fault_ = MakeError(absl::StatusCode::kInternal,
                       reason::kInternal,
                       "",
                       "the store met an I/O error earlier and takes no more "
                       "changes; the server must be started anew");
  });
  if (on_fault_) {
    UntilMemory(on_fault_);
  }
}

absl::Status BatchWriter::CommitBatch(std::vector<Entry>& batch) {
  const absl::Status status = Guarded([&]() -> absl::Status {
    // One that could not be ended for want of memory.
    handle_->RollBack();
    MODBOUND_RETURN_IF_ERROR(handle_->Step("BEGIN IMMEDIATE"));
    MODBOUND_RETURN_IF_ERROR(RunChanges(batch));
    MODBOUND_RETURN_IF_ERROR(mark_.Put(*handle_));
    return handle_->Step("COMMIT");
  });
  if (!status.ok()) {
    handle_->RollBack();
  }
  return status;
}

absl::Status BatchWriter::RunChanges(std::vector<Entry>& batch) {
  for (Entry& entry : batch) {
    MODBOUND_RETURN_IF_ERROR(RunInSavepoint(entry));
  }
  return absl::OkStatus();
}

absl::Status BatchWriter::RunInSavepoint(Entry& entry) {
  MODBOUND_RETURN_IF_ERROR(handle_->Step("SAVEPOINT change"));
  // A thrown bad_alloc must not take the writer down.
  entry.status = Guarded([&] { return entry.change(connection_); });
  // SQLite ends the whole transaction after some errors (disk full, I/O): then
  // nothing before this change is left either. After other I/O errors SQLite
  // would go on, but we do not.
  if (!handle_->in_transaction() || handle_->broken()) {
    return entry.status.ok()
               ? MakeError(absl::StatusCode::kInternal,
                           reason::kInternal,
                           "",
                           "the store's transaction was rolled back")
               : entry.status;
  }
  if (!entry.status.ok()) {
    MODBOUND_RETURN_IF_ERROR(handle_->Step("ROLLBACK TO change"));
  }
  return handle_->Step("RELEASE change");
}

void BatchWriter::Checkpoint() {
  if (log_pages_ < folded_at_) {
    folded_at_ = 0;  // the log began anew
  }
  if (log_pages_ - folded_at_ < kCheckpointPages) {
    return;
  }
  folded_at_ = log_pages_;
  const int mode = log_pages_ < kTruncatePages ? SQLITE_CHECKPOINT_PASSIVE
                                               : SQLITE_CHECKPOINT_TRUNCATE;
  const int code = sqlite3_wal_checkpoint_v2(
      handle_->get(), nullptr, mode, nullptr, nullptr);
  if (code == SQLITE_OK || code == SQLITE_BUSY) {
    return;
  }
  const absl::Status status = handle_->Error(code);
  // The log still has everything; a full disk may have room later.
  spdlog::error("event=log_not_folded error=\"{}\"", LogText(status));
  NoteFault(status);
}

}  // namespace modbound
