#include "server/artifacts/stored_bytes.h"

#include "core/base/error.h"
#include "server/errors/quota_error.h"

namespace modbound {
namespace {

absl::Status CheckSum(Connection& connection,
                      const std::string& owner,
                      int64_t limit,
                      int64_t more_bytes,
                      const char* flag) {
  if (limit == 0) {
    return absl::OkStatus();
  }
  MODBOUND_ASSIGN_OR_RETURN(const int64_t stored,
                            StoredBytes(connection, owner));
  return more_bytes <= limit - stored
             ? absl::OkStatus()
             : QuotaError(
                   "QUOTA_EXCEEDED",
                   {owner, "bytes of arrays", limit, stored, more_bytes, flag},
                   "delete jobs");
}

}  // namespace

absl::StatusOr<int64_t> StoredBytes(Connection& connection,
                                    const std::string& owner) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "SELECT bytes FROM owner_total WHERE owner = ?1 UNION ALL SELECT "
          "bytes FROM artifact_total WHERE ?1 = ''"));
  MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Bind(1, owner).Step());
  return row ? statement.Int(0) : 0;
}

absl::Status CheckStoredBytes(Connection& connection,
                              const StoredBytesLimits& limits,
                              const std::string& owner,
                              int64_t more_bytes) {
  MODBOUND_RETURN_IF_ERROR(CheckSum(
      connection, "", limits.of_server, more_bytes, "max_stored_bytes"));
  return CheckSum(connection,
                  owner,
                  limits.of_owner,
                  more_bytes,
                  "max_stored_bytes_per_owner");
}

}  // namespace modbound
