#ifndef MODBOUND_SERVER_STORE_SCHEMA_VERSION_H_
#define MODBOUND_SERVER_STORE_SCHEMA_VERSION_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "server/store/database.h"

namespace modbound {

// The version of an open store's tables (server/store/schema.h); 0 = it has
// none yet.
absl::StatusOr<int64_t> SchemaVersion(Connection& connection);

}  // namespace modbound

#endif  // MODBOUND_SERVER_STORE_SCHEMA_VERSION_H_
