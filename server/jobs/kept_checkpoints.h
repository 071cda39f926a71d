#ifndef MODBOUND_SERVER_JOBS_KEPT_CHECKPOINTS_H_
#define MODBOUND_SERVER_JOBS_KEPT_CHECKPOINTS_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/base/mutex.h"

namespace modbound {

// Checkpoints from the end of one attempt to the start of the job's next one:
// DATA_DIR/checkpoints/JOB holds what was in the attempt's checkpoint/ folder.
// A checkpoint saves work and no more, so what goes wrong with one is logged,
// and the next attempt begins at the beginning. Threads: safe from all.
class KeptCheckpoints {
 public:
  explicit KeptCheckpoints(const std::string& data_dir);

  // At the start of a server: takes over what the attempts of an earlier one
  // left, of jobs that have not ended; removes all else that is kept, and makes
  // the folder of the attempts empty. Errors: kInternal, for folders that
  // cannot be made or emptied.
  absl::Status TakeOver(const std::vector<std::string>& unended_jobs);

  // The attempt in `dir` will not go on, another one of its job may.
  void Keep(const std::string& job, const std::string& dir);
  // Moves what is kept of the job into the directory of its next attempt.
  void Give(const std::string& job, const std::string& dir);
  // The job has ended. Costs next to nothing when nothing is kept of it.
  void Forget(const std::string& job);

 private:
  void KeepLocked(const std::string& job, const std::string& dir)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string FolderOf(const std::string& job) const;

  const std::string attempts_;
  const std::string folder_;
  Mutex mutex_;
  std::set<std::string> kept_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_KEPT_CHECKPOINTS_H_
