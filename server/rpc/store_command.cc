#include "server/rpc/store_command.h"

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/artifacts/backup.h"
#include "server/auth/audit_file.h"
#include "server/jobs/job_logs.h"
#include "server/jobs/verify_store.h"

namespace modbound {

absl::StatusOr<VerifyOutcome> RunVerify(const std::string& data_dir) {
  MODBOUND_ASSIGN_OR_RETURN(StoreReport report, VerifyDataDir(data_dir));
  const absl::StatusOr<int64_t> lines = VerifyAuditLog(data_dir);
  // A server that was never asked for anything has no audit log.
  if (!lines.ok() && !absl::IsNotFound(lines.status())) {
    report.problems.push_back("the audit log: " +
                              std::string(lines.status().message()));
  }
  VerifyOutcome outcome;
  outcome.sound = report.problems.empty();
  for (const std::string& problem : report.problems) {
    absl::StrAppend(&outcome.text, problem, "\n");
  }
  absl::StrAppend(&outcome.text,
                  outcome.sound ? "sound" : "damaged",
                  ": ",
                  report.jobs,
                  " jobs, ",
                  report.artifacts,
                  " artifacts of ",
                  report.artifact_bytes,
                  " bytes, ",
                  lines.ok() ? *lines : 0,
                  " lines of audit log, ",
                  report.problems.size(),
                  " problems, ",
                  report.leftovers.size(),
                  " files to be removed at the next start\n");
  return outcome;
}

absl::Status RunBackup(const std::string& data_dir, const std::string& target) {
  // After the database: they tell of all that it knows.
  return BackupStore(
      data_dir, target, [&](const std::string& folder) -> absl::Status {
        MODBOUND_RETURN_IF_ERROR(CopyAuditLog(data_dir, folder));
        return CopyJobLogs(data_dir, folder);
      });
}

}  // namespace modbound
