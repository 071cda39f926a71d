#ifndef MODBOUND_SERVER_FILES_FAILPOINT_H_
#define MODBOUND_SERVER_FILES_FAILPOINT_H_

namespace modbound {

// Moments at which the end of the process could lose something, do it twice or
// leave something behind. tests/faults/failpoint_test.py kills a server at each
// of them; the name says what has just been done.
enum class Failpoint {
  // Rows are written, but not committed; then committed, but not answered.
  kSubmitPlanned,
  kSubmitWritten,
  kSubmitCommitted,
  // The job is RUNNING; its directory is there; its last checkpoint, too.
  kStartWritten,
  kStartCommitted,
  kStartDirectoryMade,
  kStartCheckpointGiven,
  // One file; then the oldest one is to be removed.
  kCheckpointBegun,
  kCheckpointWritten,
  kCheckpointSynced,
  kCheckpointRenamed,
  kCheckpointStored,
  // Outputs are in the attempt's directory; its result, too; outputs are
  // artifacts without rows.
  kResultOutputsWritten,
  kResultWritten,
  kResultStaged,
  // The end of an attempt.
  kEndWritten,
  kEndCommitted,
  kEndDirectoryRemoved,
  // A file of an artifact, of a job or an upload.
  kArtifactSynced,
  kArtifactRenamed,
  // An upload.
  kUploadBegun,
  kUploadAppended,
  kUploadScanned,
  kUploadStaged,
  kUploadCommitted,
  // An equal job's result becomes that of a job.
  kAnswerWritten,
  kAnswerCommitted,
  // Of a running job.
  kCancelWritten,
  kCancelCommitted,
  // Rows of the job and of arrays that only it used; then one of their files.
  kDeleteWritten,
  kDeleteCommitted,
  kDeleteFileFound,
  kDeleteFileRemoved,
  kDeleteLogRemoved,
  // The same of jobs that are old.
  kRetentionWritten,
  kRetentionCommitted,
  // The server is told to stop: a job's checkpoint is out of its directory.
  kStopCheckpointKept,
  // A start after a crash. Swept: rows of arrays for nobody are removed.
  kBootSwept,
  kBootReconcileWritten,
  kBootReconciled,
  kBootCheckpointKept,
  kBootAttemptsRemoved,
  // The store of an older server.
  kMigrationCopied,
  kMigrationKept,
  kMigrationWritten,
  kMigrationCommitted,
  kBackupDatabaseCopied,
  kBackupFilled,
  kBackupRenamed,
};

// Does nothing, but in modboundd_chaos, a program of tests, which can be told
// to die here (tests/faults/chaos_failpoint.cc).
void ReachFailpoint(Failpoint point);

}  // namespace modbound

#endif  // MODBOUND_SERVER_FILES_FAILPOINT_H_
