#ifndef MODBOUND_SERVER_JOBS_RESULT_CACHE_H_
#define MODBOUND_SERVER_JOBS_RESULT_CACHE_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/artifacts/artifact_store.h"
#include "server/executors/task_threads.h"
#include "server/jobs/state_writer.h"
#include "server/store/database.h"

namespace modbound {

// Ends QUEUED jobs with the results of equal ones (equal CacheKey), whoever
// owns those: who names the same spec and the same bytes could have computed
// it. Every output is read and hashed first. What is damaged answers nobody any
// more: its job keeps its row, but is withdrawn from the cache, and running an
// equal job puts the bytes right. A job whose owner has no room for the result
// is FAILED with QUOTA_EXCEEDED. Threads: safe from any thread.
class ResultCache {
 public:
  // All references must outlive every answer.
  ResultCache(Database& database, StateWriter& writer, ArtifactStore& artifacts)
      : database_(database), writer_(writer), artifacts_(artifacts) {}

  // True: the job is not QUEUED any more, by this or by something else. False:
  // no sound result is there, the job must run. An error: the store's, or that
  // of a machine short of something; the job is as it was.
  using Done = std::function<void(absl::StatusOr<bool>)>;
  // Calls `done` once, from a thread of its own. An error: it will not be
  // called.
  absl::Status Answer(const std::string& job,
                      const std::string& key,
                      Done done);

 private:
  absl::StatusOr<bool> TryAll(const std::string& job, const std::string& key);
  // kDataLoss when an output is damaged, kNotFound when it is gone.
  absl::Status CheckOutputs(const std::string& source);

  Database& database_;
  StateWriter& writer_;
  ArtifactStore& artifacts_;
  // Last: its destructor waits for the answers.
  TaskThreads threads_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_RESULT_CACHE_H_
