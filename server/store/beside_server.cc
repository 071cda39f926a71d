#include "server/store/beside_server.h"

#include <unistd.h>

#include <memory>
#include <optional>

#include "core/base/error.h"
#include "server/store/schema.h"
#include "server/store/schema_version.h"
#include "server/store/sqlite_handle.h"

namespace modbound {
namespace {

absl::Status InTransaction(SqliteHandle& handle,
                           const Database::Change& change) {
  MODBOUND_RETURN_IF_ERROR(handle.Execute("BEGIN IMMEDIATE"));
  Connection connection(handle);
  absl::Status status = change(connection);
  if (status.ok()) {
    status = handle.Execute("COMMIT");
  }
  if (!status.ok()) {
    handle.Execute("ROLLBACK").IgnoreError();
  }
  return status;
}

// The change's status; nothing where there is no store of this schema yet.
std::optional<absl::Status> ChangeWhatIsThere(const std::string& data_dir,
                                              const Database::Change& change) {
  const std::string path = data_dir + "/modbound.sqlite3";
  if (::access(path.c_str(), F_OK) != 0) {
    return std::nullopt;
  }
  const auto handle = SqliteHandle::Open(path, SqliteHandle::Mode::kReadWrite);
  if (!handle.ok()) {
    return handle.status();
  }
  const absl::Status set = (*handle)->Execute(
      "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF");
  if (!set.ok()) {
    return set;
  }
  Connection connection(**handle);
  const absl::StatusOr<int64_t> version = SchemaVersion(connection);
  if (!version.ok()) {
    return version.status();
  }
  if (*version != kSchemaVersion) {
    return std::nullopt;
  }
  return InTransaction(**handle, change);
}

}  // namespace

absl::Status ChangeBesideServer(const std::string& data_dir,
                                const Database::Change& change) {
  if (const auto status = ChangeWhatIsThere(data_dir, change)) {
    return *status;
  }
  const auto database = Database::Open(data_dir);
  if (database.ok()) {
    return (*database)->WriteAndWait(change);
  }
  // A server at its first start held the folder, and has made the store by now.
  const auto status = absl::IsFailedPrecondition(database.status())
                          ? ChangeWhatIsThere(data_dir, change)
                          : std::nullopt;
  return status.value_or(database.status());
}

}  // namespace modbound
