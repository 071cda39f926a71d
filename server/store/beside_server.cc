#include "server/store/beside_server.h"

#include <unistd.h>

#include <memory>

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

}  // namespace

absl::Status ChangeBesideServer(const std::string& data_dir,
                                const Database::Change& change) {
  const std::string path = data_dir + "/modbound.sqlite3";
  if (::access(path.c_str(), F_OK) == 0) {
    MODBOUND_ASSIGN_OR_RETURN(
        const std::unique_ptr<SqliteHandle> handle,
        SqliteHandle::Open(path, SqliteHandle::Mode::kReadWrite));
    MODBOUND_RETURN_IF_ERROR(handle->Execute(
        "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF"));
    Connection connection(*handle);
    MODBOUND_ASSIGN_OR_RETURN(const int64_t version, SchemaVersion(connection));
    if (version == kSchemaVersion) {
      return InTransaction(*handle, change);
    }
  }
  MODBOUND_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                            Database::Open(data_dir));
  return database->WriteAndWait(change);
}

}  // namespace modbound
