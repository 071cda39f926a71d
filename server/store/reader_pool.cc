#include "server/store/reader_pool.h"

#include <utility>

#include "core/base/error.h"

namespace modbound {
namespace {

constexpr std::size_t kMostIdle = 8;

// Ends the transaction on every way out, also when a query throws.
class Snapshot {
 public:
  explicit Snapshot(SqliteHandle& handle) : handle_(handle) {}
  ~Snapshot() { handle_.RollBack(); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  absl::Status Begin() { return handle_.Step("BEGIN"); }

 private:
  SqliteHandle& handle_;
};

}  // namespace

ReaderPool::ReaderPool(std::string path) : path_(std::move(path)) {
  const MutexLock lock(mutex_);
  idle_.reserve(kMostIdle);
}

absl::Status ReaderPool::Read(
    const std::function<absl::Status(Connection&)>& query) {
  MODBOUND_ASSIGN_OR_RETURN(std::unique_ptr<SqliteHandle> handle, Take());
  absl::Status status;
  {
    Snapshot snapshot(*handle);
    MODBOUND_RETURN_IF_ERROR(snapshot.Begin());
    Connection connection(*handle);
    status = query(connection);
  }
  GiveBack(std::move(handle));
  return status;
}

absl::StatusOr<std::unique_ptr<SqliteHandle>> ReaderPool::Take() {
  {
    MutexLock lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<SqliteHandle> handle = std::move(idle_.back());
      idle_.pop_back();
      return handle;
    }
  }
  return SqliteHandle::Open(path_, SqliteHandle::Mode::kReadOnly);
}

void ReaderPool::GiveBack(std::unique_ptr<SqliteHandle> handle) {
  MutexLock lock(mutex_);
  // A transaction that could not be ended ends with its connection.
  if (idle_.size() < kMostIdle && !handle->broken() &&
      !handle->in_transaction()) {
    idle_.push_back(std::move(handle));
  }
}

}  // namespace modbound
