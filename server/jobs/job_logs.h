#ifndef MODBOUND_SERVER_JOBS_JOB_LOGS_H_
#define MODBOUND_SERVER_JOBS_JOB_LOGS_H_

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "server/jobs/log_file.h"

namespace modbound {

// The logs of all jobs, each a LogFile DATA_DIR/logs/ID. The id is one that
// this server made and found in its store, never a client's word. A log helps a
// person; no job depends on it: what cannot be written is missing. Threads:
// safe from any thread; the callback is called without any lock held.
class JobLogs {
 public:
  // `changed`: this job has new lines.
  JobLogs(const std::string& data_dir,
          std::function<void(const std::string& job)> changed);

  // Makes the folder.
  absl::Status Open() const;

  // Adds one line with the time before it. Any bytes: what is not printable
  // UTF-8 becomes '?', what is too long is cut.
  void Append(const std::string& job, std::string_view line);
  // Makes what is there survive a power cut, as far as the disk takes it.
  void Sync(const std::string& job);
  // As LogFile::Read; a job that wrote nothing has an empty log.
  absl::StatusOr<LogFile::Piece> Read(const std::string& job,
                                      int64_t offset,
                                      int64_t most);
  void Remove(const std::string& job);

 private:
  std::string PathOf(const std::string& job) const;
  absl::Status AppendLocked(const std::string& job, std::string_view line);
  // One of a few locks, by the job's name: attempts hardly ever meet.
  Mutex& MutexOf(const std::string& job);

  const std::string folder_;
  const std::function<void(const std::string&)> changed_;
  std::array<Mutex, 16> mutexes_;
};

// Copies the logs of the jobs that the database in the folder `target` has from
// the data folder `data_dir` to `target`, synced, also while a server writes
// them. A log that is not there (any more) is left out. Errors: those of files.
absl::Status CopyJobLogs(const std::string& data_dir,
                         const std::string& target);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_JOB_LOGS_H_
