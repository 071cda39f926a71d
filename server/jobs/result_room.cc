#include "server/jobs/result_room.h"

#include "core/base/error.h"
#include "server/arrays/array.h"

namespace modbound {

absl::Status CheckResultFits(Connection& connection,
                             const ArtifactStore& artifacts,
                             const std::string& job,
                             const v1::Job& result) {
  if (!artifacts.has_limits()) {
    return absl::OkStatus();
  }
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "SELECT owner, reserved_bytes FROM job WHERE id = ?1"));
  MODBOUND_ASSIGN_OR_RETURN(const bool found, statement.Bind(1, job).Step());
  if (!found) {
    return absl::OkStatus();
  }
  MoreBytes more;
  more.owner = statement.Text(0);
  more.released = statement.Int(1);
  for (const auto& [name, array] : result.outputs()) {
    more.arrays[array.artifact()] =
        NumElements({array.shape().begin(), array.shape().end()}) *
        ElementSize(array.dtype());
  }
  return artifacts.CheckFits(connection, more);
}

bool DoesNotFit(const absl::Status& status) {
  return ReasonOf(status) == "QUOTA_EXCEEDED";
}

}  // namespace modbound
