#ifndef MODBOUND_SERVER_JOBS_SUBMITTER_H_
#define MODBOUND_SERVER_JOBS_SUBMITTER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "modbound/v1/job.pb.h"
#include "server/artifacts/artifact_store.h"
#include "server/jobs/accept_jobs.h"
#include "server/jobs/job_id.h"
#include "server/jobs/open_job_limit.h"
#include "server/jobs/plan_jobs.h"
#include "server/jobs/state_writer.h"
#include "server/store/database.h"

namespace modbound {

// Takes requests to the store: an earlier request of the same id is answered
// again, a new one is checked, planned and committed. Threads: safe from any
// thread; planning happens on the caller's.
class Submitter {
 public:
  using Done = std::function<void(absl::StatusOr<v1::SubmitGraphResponse>)>;

  // `max_open_per_owner`: JobQueueOptions. `last_id`: the greatest job id in
  // the store. References must outlive it.
  Submitter(Database& database,
            ArtifactStore& artifacts,
            StateWriter& writer,
            const JobLimits& limits,
            int64_t max_open_per_owner,
            const std::string& last_id)
      : database_(database),
        artifacts_(artifacts),
        writer_(writer),
        limits_(limits),
        open_jobs_(max_open_per_owner),
        ids_(last_id) {}

  // `done` is called after the commit, on the store's writer thread, or at once
  // with an error or the answer of an earlier request.
  void SubmitJob(const std::string& owner,
                 v1::SubmitJobRequest request,
                 Done done);
  void SubmitGraph(const std::string& owner,
                   v1::SubmitGraphRequest request,
                   Done done);
  void ReproduceJob(const std::string& owner,
                    v1::ReproduceJobRequest request,
                    Done done);

 private:
  // What a request is about, asked only when there was no earlier one.
  using MakeJobs = std::function<absl::StatusOr<std::vector<SubmittedJob>>()>;
  void Submit(RequestKey key, const MakeJobs& jobs, Done done);
  absl::StatusOr<std::optional<v1::SubmitGraphResponse>> Repeat(
      const RequestKey& key);
  absl::StatusOr<std::vector<PlannedJob>> Plan(const std::string& owner,
                                               std::vector<SubmittedJob> jobs);
  void Accept(RequestKey key, std::vector<PlannedJob> planned, Done done);

  Database& database_;
  ArtifactStore& artifacts_;
  StateWriter& writer_;
  const JobLimits limits_;
  OpenJobLimit open_jobs_;
  JobIdMaker ids_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_SUBMITTER_H_
