// modboundd_chaos and modbound-worker_chaos: server and worker with a
// ReachFailpoint that can kill or hang them. In the environment:
// MODBOUND_FAILPOINT=NAME[:HIT] ends it by SIGKILL when it reaches that
// failpoint for the HIT-th time (1 = the first); MODBOUND_FAILPOINT=list prints
// the names of all, one a line. MODBOUND_SPIN=NAME:FILE makes the thread that
// reaches that failpoint compute for ever without looking at anything, once:
// FILE, which must not be there, is made then.

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "server/files/failpoint.h"

namespace modbound {
namespace {

// "" beyond the last one. A compiler warns of one that has no name.
std::string_view FailpointName(Failpoint point) {
  switch (point) {
    case Failpoint::kSubmitPlanned:
      return "submit_planned";
    case Failpoint::kSubmitWritten:
      return "submit_written";
    case Failpoint::kSubmitCommitted:
      return "submit_committed";
    case Failpoint::kStartWritten:
      return "start_written";
    case Failpoint::kStartCommitted:
      return "start_committed";
    case Failpoint::kStartDirectoryMade:
      return "start_directory_made";
    case Failpoint::kStartCheckpointGiven:
      return "start_checkpoint_given";
    case Failpoint::kCheckpointBegun:
      return "checkpoint_begun";
    case Failpoint::kCheckpointWritten:
      return "checkpoint_written";
    case Failpoint::kCheckpointSynced:
      return "checkpoint_synced";
    case Failpoint::kCheckpointRenamed:
      return "checkpoint_renamed";
    case Failpoint::kCheckpointStored:
      return "checkpoint_stored";
    case Failpoint::kResultOutputsWritten:
      return "result_outputs_written";
    case Failpoint::kResultWritten:
      return "result_written";
    case Failpoint::kResultStaged:
      return "result_staged";
    case Failpoint::kEndWritten:
      return "end_written";
    case Failpoint::kEndCommitted:
      return "end_committed";
    case Failpoint::kEndDirectoryRemoved:
      return "end_directory_removed";
    case Failpoint::kArtifactSynced:
      return "artifact_synced";
    case Failpoint::kArtifactRenamed:
      return "artifact_renamed";
    case Failpoint::kUploadBegun:
      return "upload_begun";
    case Failpoint::kUploadAppended:
      return "upload_appended";
    case Failpoint::kUploadScanned:
      return "upload_scanned";
    case Failpoint::kUploadStaged:
      return "upload_staged";
    case Failpoint::kUploadCommitted:
      return "upload_committed";
    case Failpoint::kAnswerWritten:
      return "answer_written";
    case Failpoint::kAnswerCommitted:
      return "answer_committed";
    case Failpoint::kCancelWritten:
      return "cancel_written";
    case Failpoint::kCancelCommitted:
      return "cancel_committed";
    case Failpoint::kDeleteWritten:
      return "delete_written";
    case Failpoint::kDeleteCommitted:
      return "delete_committed";
    case Failpoint::kDeleteFileFound:
      return "delete_file_found";
    case Failpoint::kDeleteFileRemoved:
      return "delete_file_removed";
    case Failpoint::kDeleteLogRemoved:
      return "delete_log_removed";
    case Failpoint::kRetentionWritten:
      return "retention_written";
    case Failpoint::kRetentionCommitted:
      return "retention_committed";
    case Failpoint::kStopCheckpointKept:
      return "stop_checkpoint_kept";
    case Failpoint::kBootSwept:
      return "boot_swept";
    case Failpoint::kBootReconcileWritten:
      return "boot_reconcile_written";
    case Failpoint::kBootReconciled:
      return "boot_reconciled";
    case Failpoint::kBootCheckpointKept:
      return "boot_checkpoint_kept";
    case Failpoint::kBootAttemptsRemoved:
      return "boot_attempts_removed";
    case Failpoint::kMigrationCopied:
      return "migration_copied";
    case Failpoint::kMigrationKept:
      return "migration_kept";
    case Failpoint::kMigrationWritten:
      return "migration_written";
    case Failpoint::kMigrationCommitted:
      return "migration_committed";
    case Failpoint::kBackupDatabaseCopied:
      return "backup_database_copied";
    case Failpoint::kBackupFilled:
      return "backup_filled";
    case Failpoint::kBackupRenamed:
      return "backup_renamed";
  }
  return "";
}

struct Armed {
  bool any = false;
  Failpoint point{};
  std::atomic<int> hits_left{0};
  bool spins = false;
  Failpoint spin_point{};
  std::string spin_file;
};

Armed& GetArmed() {
  static Armed armed;
  return armed;
}

void PrintFailpoints() {
  for (int i = 0;; ++i) {
    const std::string_view name = FailpointName(static_cast<Failpoint>(i));
    if (name.empty()) {
      break;
    }
    std::puts(std::string(name).c_str());
  }
  std::fflush(stdout);
}

std::optional<Failpoint> FindFailpoint(const std::string& name) {
  for (int i = 0;; ++i) {
    const auto point = static_cast<Failpoint>(i);
    if (FailpointName(point).empty()) {
      return std::nullopt;
    }
    if (FailpointName(point) == name) {
      return point;
    }
  }
}

bool Arm(const std::string& order) {
  const std::string name = order.substr(0, order.find(':'));
  const auto point = FindFailpoint(name);
  if (!point.has_value()) {
    return false;
  }
  GetArmed().point = *point;
  GetArmed().hits_left =
      name == order ? 1 : std::atoi(order.c_str() + name.size() + 1);
  GetArmed().any = GetArmed().hits_left > 0;
  return GetArmed().any;
}

bool ArmSpin(const std::string& order) {
  const std::string name = order.substr(0, order.find(':'));
  const auto point = FindFailpoint(name);
  if (!point.has_value() || name == order) {
    return false;
  }
  GetArmed().spin_point = *point;
  GetArmed().spin_file = order.substr(name.size() + 1);
  GetArmed().spins = true;
  return true;
}

void SpinOnce(const std::string& file) {
  if (::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) < 0) {
    return;
  }
  std::fprintf(stderr, "spins\n");
  std::fflush(stderr);
  for (std::atomic<unsigned> turns = 0;; ++turns) {
  }
}

// Before main: the order holds from the first failpoint on, and one that is
// misspelled is no server that never dies.
__attribute__((constructor)) void ReadOrder() {
  if (const char* spin = std::getenv("MODBOUND_SPIN");
      spin != nullptr && !ArmSpin(spin)) {
    std::fprintf(stderr, "chaos: no failpoint and file %s\n", spin);
    ::_exit(2);
  }
  const char* order = std::getenv("MODBOUND_FAILPOINT");
  if (order == nullptr) {
    return;
  }
  if (std::string_view(order) == "list") {
    PrintFailpoints();
    ::_exit(0);
  }
  if (!Arm(order)) {
    std::fprintf(stderr, "modboundd_chaos: no failpoint %s\n", order);
    ::_exit(2);
  }
}

}  // namespace

void ReachFailpoint(Failpoint point) {
  Armed& armed = GetArmed();
  if (armed.spins && armed.spin_point == point) {
    SpinOnce(armed.spin_file);
  }
  if (!armed.any || armed.point != point || --armed.hits_left != 0) {
    return;
  }
  std::fprintf(stderr,
               "failpoint %s reached\n",
               std::string(FailpointName(point)).c_str());
  ::kill(::getpid(), SIGKILL);
  ::pause();  // nothing more happens, in this thread either
}

}  // namespace modbound
