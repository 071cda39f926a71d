#include "server/jobs/usage_rows.h"

#include <algorithm>

#include "core/base/error.h"
#include "server/jobs/fair_share.h"

namespace modbound {
namespace {

double UsageAt(const Statement& statement,
               int first,
               double half_life,
               int64_t now_us) {
  const double seconds =
      static_cast<double>(now_us - statement.Int(first + 1)) * 1e-6;
  return FairShare::Decayed(
      static_cast<double>(statement.Int(first)) * 1e-3, seconds, half_life);
}

}  // namespace

absl::Status AddUsage(Connection& connection,
                      const std::string& owner,
                      double core_seconds,
                      double half_life,
                      int64_t now_us) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement before,
      connection.Prepare(
          "SELECT core_ms, as_of_us FROM usage WHERE owner = ?1"));
  MODBOUND_ASSIGN_OR_RETURN(const bool known, before.Bind(1, owner).Step());
  const double used = known
                          ? UsageAt(before, 0, half_life, now_us) + core_seconds
                          : core_seconds;
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("INSERT OR REPLACE INTO usage(owner, core_ms, "
                         "as_of_us) VALUES(?1, ?2, ?3)"));
  return statement.Bind(1, owner)
      .Bind(2, static_cast<int64_t>(std::min(used * 1e3, 9e18)))
      .Bind(3, now_us)
      .Run();
}

absl::StatusOr<std::map<std::string, double>> LoadUsage(Connection& connection,
                                                        double half_life,
                                                        int64_t now_us) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT core_ms, as_of_us, owner FROM usage"));
  std::map<std::string, double> usage;
  while (true) {
    MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) {
      return usage;
    }
    usage[statement.Text(2)] = UsageAt(statement, 0, half_life, now_us);
  }
}

}  // namespace modbound
