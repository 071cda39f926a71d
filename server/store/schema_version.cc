#include "server/store/schema_version.h"

#include "core/base/error.h"

namespace modbound {

absl::StatusOr<int64_t> SchemaVersion(Connection& connection) {
  MODBOUND_ASSIGN_OR_RETURN(Statement statement,
                            connection.Prepare("PRAGMA user_version"));
  MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.Int(0) : 0;
}

}  // namespace modbound
