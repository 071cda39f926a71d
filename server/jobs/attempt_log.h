#ifndef MODBOUND_SERVER_JOBS_ATTEMPT_LOG_H_
#define MODBOUND_SERVER_JOBS_ATTEMPT_LOG_H_

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "core/base/mutex.h"
#include "server/executors/attempt.h"
#include "server/jobs/job_logs.h"
#include "server/jobs/job_time.h"
#include "server/jobs/progress_board.h"

namespace modbound {

// Puts what an attempt reports where people look: its progress on the board,
// its lines and phases into the job's log. Threads: safe from any thread.
class AttemptLog final : public AttemptSink {
 public:
  // `logs` must outlive it.
  AttemptLog(std::shared_ptr<ProgressBoard> board,
             JobLogs& logs,
             std::string job,
             int attempt)
      : board_(std::move(board)),
        logs_(logs),
        job_(std::move(job)),
        attempt_(attempt) {}

  void Progress(const ProgressUpdate& update) override;
  // This and the next two also in the server's own log.
  void Resumed(const FileCheckpoint::Resumed& from) override;
  void CheckpointFailed(const absl::Status& status) override;
  void Hangs(std::chrono::milliseconds silence) override;
  // "attempt 2: LINE".
  void Log(std::string_view line) override;

 private:
  // Whether the log gets a line of this phase: of each at its first time, later
  // of one a second, for some kinds go back and forth.
  bool IsNews(const std::string& phase);

  const std::shared_ptr<ProgressBoard> board_;
  JobLogs& logs_;
  const std::string job_;
  const int attempt_;
  Mutex mutex_;
  std::string phase_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> known_ ABSL_GUARDED_BY(mutex_);
  SteadyTime told_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_ATTEMPT_LOG_H_
