#ifndef MODBOUND_SERVER_JOBS_ATTEMPT_DIRECTORIES_H_
#define MODBOUND_SERVER_JOBS_ATTEMPT_DIRECTORIES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/base/mutex.h"

namespace modbound {

// Directories of attempts (server/executors/attempt.h). A few of small jobs
// that ended are kept, emptied, in <data_dir>/spare for the next ones: a file
// system takes longer to find a free inode the more were freed a moment ago,
// which for the smallest jobs was a third of all their time. Threads: safe from
// all.
class AttemptDirectories {
 public:
  explicit AttemptDirectories(const std::string& data_dir);
  // Removes what is kept.
  ~AttemptDirectories();
  AttemptDirectories(const AttemptDirectories&) = delete;
  AttemptDirectories& operator=(const AttemptDirectories&) = delete;

  // Before all else: removes what a server left that was killed.
  absl::Status Open() const;
  // Makes `dir` with nothing in it but, perhaps, an empty attempt.binpb and
  // result.binpb; whatever was there goes.
  absl::Status Make(const std::string& dir);
  // Takes away the `dir` of an attempt that succeeded and whose result was
  // read.
  void Release(const std::string& dir);
  // Takes away any other, into which its attempt may still write.
  static void Remove(const std::string& dir);

 private:
  bool TakeSpare(const std::string& dir);
  bool KeepSpare(const std::string& dir);

  const std::string folder_;
  Mutex mutex_;
  // Has room for all that there may be.
  std::vector<std::string> spares_ ABSL_GUARDED_BY(mutex_);
  std::size_t making_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t next_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_ATTEMPT_DIRECTORIES_H_
