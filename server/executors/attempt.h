#ifndef MODBOUND_SERVER_EXECUTORS_ATTEMPT_H_
#define MODBOUND_SERVER_EXECUTORS_ATTEMPT_H_

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "modbound/internal/attempt.pb.h"
#include "modbound/v1/job.pb.h"
#include "server/executors/file_checkpoint.h"

namespace modbound {

// Where an attempt reports. Threads: called from any thread of the attempt.
class AttemptSink {
 public:
  virtual ~AttemptSink() = default;
  virtual void Progress(const ProgressUpdate& update) = 0;
  // The attempt goes on from a checkpoint; called before any progress.
  virtual void Resumed(const FileCheckpoint::Resumed&) {}
  // A checkpoint could not be written; the attempt goes on.
  virtual void CheckpointFailed(const absl::Status&) {}
  // The attempt did not look at its stop flag for `silence`, and nobody can end
  // it; called at most once.
  virtual void Hangs(std::chrono::milliseconds /*silence*/) {}
  // A line for the job's log, of any bytes: where the attempt runs, what its
  // process wrote to standard error.
  virtual void Log(std::string_view /*line*/) {}
};

// Whose process an attempt runs in.
enum class AttemptProcess { kShared, kOwn };

// An attempt directory: attempt.binpb (internal::AttemptSpec), the input files
// it names, checkpoint/ and out/<number> as soon as they are needed and, when
// it has ended, result.binpb (internal::AttemptResult).

// Makes DIR with nothing in it; whatever was there goes.
absl::Status MakeAttemptDirectory(const std::string& dir);
// Empties the files of a DIR that holds attempt.binpb and result.binpb alone:
// then it is as good as new. False, and nothing done, when it holds more.
// Nobody may still write into it.
absl::StatusOr<bool> EmptyAttemptDirectory(const std::string& dir);
// Writes attempt.binpb. The caller puts the input files in place, before or
// after. Not synced: after a power cut no attempt goes on.
absl::Status WriteAttemptSpec(const std::string& dir,
                              const internal::AttemptSpec& spec);

// Runs the attempt in `dir`: reads attempt.binpb and the inputs (each checked
// against its digest), runs the analysis, from the checkpoint in checkpoint/
// when one fits, leaving new ones there (FileCheckpoint), writes out/<number>
// for every output larger than kInlineLimit (numbered in the order of the names
// of all; synced) and, last, result.binpb, which holds the others; a failure
// may have outputs, too (Outcome::failure). The same call in a thread of the
// server and in modbound-worker, where the process is the attempt's own and its
// peak memory goes into the result. A failed analysis is a result (status in
// result.binpb), not an error of this call; so are inputs that do not have
// their digest (kDataLoss DIGEST_MISMATCH "inputs.NAME") and too little memory
// (kResourceExhausted MEMORY_LIMIT). No exception leaves it. Errors:
// kFailedPrecondition when `token` is not the directory's; when the directory
// cannot be read or written, what IsShortage tells (kResourceExhausted
// DISK_FULL, kUnavailable OVERLOADED: nothing is wrong with the attempt, later
// it may succeed) and kInternal; kCancelled when `stop` was set (no result is
// written).
absl::Status RunAttempt(const std::string& dir,
                        const std::string& token,
                        AttemptSink& sink,
                        const StopFlag& stop,
                        AttemptProcess process = AttemptProcess::kShared);

// Reads DIR/result.binpb. Errors: kNotFound when the attempt has not ended, so
// that there is none, an empty one or a part; kFailedPrecondition for another
// token.
absl::StatusOr<internal::AttemptResult> ReadAttemptResult(
    const std::string& dir, const std::string& token);

}  // namespace modbound

#endif  // MODBOUND_SERVER_EXECUTORS_ATTEMPT_H_
