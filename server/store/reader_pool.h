#ifndef MODBOUND_SERVER_STORE_READER_POOL_H_
#define MODBOUND_SERVER_STORE_READER_POOL_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "server/store/database.h"
#include "server/store/sqlite_handle.h"

namespace modbound {

// Read-only connections. Opens one more when all are busy, so a query never
// waits for another (and may read inside a read); keeps a few for the next
// queries.
class ReaderPool {
 public:
  explicit ReaderPool(std::string path);

  // Contract: Database::Read.
  absl::Status Read(const std::function<absl::Status(Connection&)>& query);

 private:
  absl::StatusOr<std::unique_ptr<SqliteHandle>> Take();
  void GiveBack(std::unique_ptr<SqliteHandle> handle);

  const std::string path_;
  Mutex mutex_;
  std::vector<std::unique_ptr<SqliteHandle>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_STORE_READER_POOL_H_
