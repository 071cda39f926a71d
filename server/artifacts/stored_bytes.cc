#include "server/artifacts/stored_bytes.h"

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/errors/quota_error.h"

namespace modbound {
namespace {

// Of an owner, or of the server ("").
struct Sums {
  int64_t stored = 0;
  int64_t reserved = 0;
};

absl::StatusOr<Sums> LoadSums(Connection& connection,
                              const std::string& owner) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "SELECT bytes, reserved FROM owner_total WHERE owner = ?1 UNION ALL "
          "SELECT bytes, reserved FROM artifact_total WHERE ?1 = ''"));
  MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Bind(1, owner).Step());
  return row ? Sums{statement.Int(0), statement.Int(1)} : Sums();
}

// How much of what is added is new.
struct NewBytes {
  int64_t to_server = 0;
  int64_t to_owner = 0;
};

absl::StatusOr<NewBytes> CountNew(Connection& connection,
                                  const MoreBytes& more) {
  NewBytes bytes{more.others, more.others};
  for (const auto& [digest, size] : more.arrays) {
    MODBOUND_ASSIGN_OR_RETURN(
        Statement statement,
        connection.Prepare(
            "SELECT EXISTS(SELECT 1 FROM artifact WHERE digest = ?1), "
            "EXISTS(SELECT 1 FROM artifact_upload WHERE digest = ?1 AND owner "
            "= ?2) OR EXISTS(SELECT 1 FROM artifact_use WHERE digest = ?1 AND "
            "owner = ?2)"));
    MODBOUND_RETURN_IF_ERROR(
        statement.Bind(1, digest).Bind(2, more.owner).Step().status());
    bytes.to_server += statement.Int(0) != 0 ? 0 : size;
    bytes.to_owner += statement.Int(1) != 0 ? 0 : size;
  }
  return bytes;
}

absl::Status CheckSums(Connection& connection,
                       const std::string& owner,
                       int64_t limit,
                       int64_t more,
                       int64_t released,
                       const char* flag) {
  if (limit == 0 || more == 0) {
    return absl::OkStatus();
  }
  MODBOUND_ASSIGN_OR_RETURN(const Sums sums, LoadSums(connection, owner));
  const int64_t reserved = sums.reserved - released;
  // A limit may be lower than it was when bytes were reserved.
  if (more <= limit - sums.stored &&
      (more <= released || more <= limit - sums.stored - reserved)) {
    return absl::OkStatus();
  }
  return QuotaError(
      "QUOTA_EXCEEDED",
      {owner, "bytes of arrays", limit, sums.stored + reserved, more, flag},
      absl::StrCat(sums.stored,
                   " are stored, ",
                   reserved,
                   " reserved for jobs that have not ended; "
                   "delete jobs"));
}

}  // namespace

absl::StatusOr<int64_t> StoredBytes(Connection& connection,
                                    const std::string& owner) {
  MODBOUND_ASSIGN_OR_RETURN(const Sums sums, LoadSums(connection, owner));
  return sums.stored;
}

absl::Status ReserveBytes(Connection& connection,
                          const std::string& owner,
                          int64_t bytes) {
  if (bytes == 0) {
    return absl::OkStatus();
  }
  MODBOUND_ASSIGN_OR_RETURN(
      Statement of_server,
      connection.Prepare("UPDATE artifact_total SET reserved = reserved + ?1"));
  MODBOUND_RETURN_IF_ERROR(of_server.Bind(1, bytes).Run());
  MODBOUND_ASSIGN_OR_RETURN(
      Statement of_owner,
      connection.Prepare(
          "INSERT INTO owner_total(owner, bytes, reserved) VALUES(?2, 0, ?1) "
          "ON CONFLICT(owner) DO UPDATE SET reserved = reserved + "
          "excluded.reserved"));
  return of_owner.Bind(1, bytes).Bind(2, owner).Run();
}

absl::Status CheckStoredBytes(Connection& connection,
                              const StoredBytesLimits& limits,
                              const MoreBytes& more) {
  if (!limits.any()) {
    return absl::OkStatus();
  }
  MODBOUND_ASSIGN_OR_RETURN(const NewBytes bytes, CountNew(connection, more));
  MODBOUND_RETURN_IF_ERROR(CheckSums(connection,
                                     "",
                                     limits.of_server,
                                     bytes.to_server,
                                     more.released,
                                     "max_stored_bytes"));
  if (more.owner.empty()) {
    return absl::OkStatus();  // of the server alone: is it ready?
  }
  return CheckSums(connection,
                   more.owner,
                   limits.of_owner,
                   bytes.to_owner,
                   more.released,
                   "max_stored_bytes_per_owner");
}

}  // namespace modbound
