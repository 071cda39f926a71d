#ifndef MODBOUND_SERVER_JOBS_PLAN_JOBS_H_
#define MODBOUND_SERVER_JOBS_PLAN_JOBS_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "modbound/v1/job.pb.h"
#include "server/analyses/analysis.h"
#include "server/artifacts/artifact_store.h"
#include "server/jobs/job_id.h"
#include "server/jobs/job_rows.h"
#include "server/store/database.h"

namespace modbound {

// A job of a request. `name` is "" for SubmitJob; `path` is put before the
// fields of errors: "" for a job by itself, "nodes[3].job.".
struct SubmittedJob {
  std::string name;
  std::string path;
  v1::Job job;
  // The job that it runs again, "" = none.
  std::string reproduces = {};
};

// A job that may be accepted.
struct PlannedJob {
  // id, filled spec, definite inputs, planned outputs; its state is decided
  // when it is committed.
  NewJob row;
  std::set<std::string> needs;
  std::vector<StagedArtifact> staged;
  std::set<std::string> artifacts;
  std::string path;
};

struct PlanningContext {
  Database& database;
  ArtifactStore& artifacts;
  JobIdMaker& ids;
  std::string owner;
  JobLimits limits;
  int64_t now_us = 0;
};

// Checks jobs against each other, the store and their kinds, in an order in
// which every job comes after those it needs; the answer is in the order of
// `jobs`. Errors: those of proto/modbound/v1/job.proto for SubmitGraph.
absl::StatusOr<std::vector<PlannedJob>> PlanJobs(
    const PlanningContext& context, std::vector<SubmittedJob> jobs);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_PLAN_JOBS_H_
