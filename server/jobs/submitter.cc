#include "server/jobs/submitter.h"

#include <spdlog/spdlog.h>

#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/files/failpoint.h"
#include "server/files/guarded.h"
#include "server/files/until_memory.h"
#include "server/jobs/job_time.h"
#include "server/jobs/job_view.h"
#include "server/jobs/reproduce_job.h"
#include "server/jobs/submit_rules.h"

namespace modbound {
namespace {

// More jobs than this keep the writer for longer than a few milliseconds.
constexpr std::size_t kMostLightJobs = 100;

// From here on the log speaks of jobs alone.
void LogAccepted(const RequestKey& key,
                 const v1::SubmitGraphResponse& response) {
  if (response.jobs().empty()) {
    return;
  }
  spdlog::info(
      "event=accepted owner={} request_id=\"{}\" jobs={} first={} last={}",
      key.owner,
      absl::CEscape(key.request_id),
      response.jobs_size(),
      response.jobs().begin()->id(),
      response.jobs().rbegin()->id());
}

}  // namespace

void Submitter::SubmitJob(const std::string& owner,
                          v1::SubmitJobRequest request,
                          Done done) {
  RequestKey key{owner, std::move(*request.mutable_request_id()), ""};
  request.clear_request_id();
  key.body_sha256 = BodyDigest("SubmitJob\n", request);
  Submit(
      std::move(key),
      [&request] {
        std::vector<SubmittedJob> jobs;
        jobs.push_back({"", "", std::move(*request.mutable_job())});
        return jobs;
      },
      std::move(done));
}

void Submitter::SubmitGraph(const std::string& owner,
                            v1::SubmitGraphRequest request,
                            Done done) {
  if (const absl::Status checked = CheckNodes(request); !checked.ok()) {
    done(checked);
    return;
  }
  RequestKey key{owner, std::move(*request.mutable_request_id()), ""};
  request.clear_request_id();
  key.body_sha256 = BodyDigest("SubmitGraph\n", request);
  Submit(
      std::move(key),
      [&request] {
        std::vector<SubmittedJob> jobs;
        for (int i = 0; i < request.nodes_size(); ++i) {
          v1::SubmitGraphRequest::Node& node = *request.mutable_nodes(i);
          jobs.push_back({std::move(*node.mutable_name()),
                          absl::StrCat("nodes[", i, "].job."),
                          std::move(*node.mutable_job())});
        }
        return jobs;
      },
      std::move(done));
}

void Submitter::ReproduceJob(const std::string& owner,
                             v1::ReproduceJobRequest request,
                             Done done) {
  RequestKey key{owner, std::move(*request.mutable_request_id()), ""};
  request.clear_request_id();
  key.body_sha256 = BodyDigest("ReproduceJob\n", request);
  const auto make_job = [&]() -> absl::StatusOr<std::vector<SubmittedJob>> {
    std::vector<SubmittedJob> jobs(1);
    jobs.front().reproduces = request.id();
    MODBOUND_RETURN_IF_ERROR(
        database_.Read([&](Connection& connection) -> absl::Status {
          MODBOUND_ASSIGN_OR_RETURN(
              jobs.front().job,
              JobToReproduce(connection, owner, request.id()));
          return absl::OkStatus();
        }));
    return jobs;
  };
  Submit(std::move(key), make_job, std::move(done));
}

void Submitter::Submit(RequestKey key, const MakeJobs& jobs, Done done) {
  absl::StatusOr<std::optional<v1::SubmitGraphResponse>> earlier = Repeat(key);
  if (!earlier.ok()) {
    done(earlier.status());
    return;
  }
  if (earlier->has_value()) {
    done(**std::move(earlier));
    return;
  }
  absl::StatusOr<std::vector<PlannedJob>> planned =
      Guarded([&]() -> absl::StatusOr<std::vector<PlannedJob>> {
        MODBOUND_ASSIGN_OR_RETURN(std::vector<SubmittedJob> submitted, jobs());
        return Plan(key.owner, std::move(submitted));
      });
  if (!planned.ok()) {
    done(planned.status());
    return;
  }
  Accept(std::move(key), *std::move(planned), std::move(done));
}

// The answer to an earlier request of this key; nothing when there was none.
// Before anything that depends on time: a repeat must give the same answer,
// also when its deadline has passed meanwhile.
absl::StatusOr<std::optional<v1::SubmitGraphResponse>> Submitter::Repeat(
    const RequestKey& key) {
  MODBOUND_RETURN_IF_ERROR(CheckRequestId(key.request_id));
  std::optional<v1::SubmitGraphResponse> response;
  if (key.request_id.empty()) {
    return response;
  }
  MODBOUND_RETURN_IF_ERROR(
      database_.Read([&](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(const auto ids, FindRequest(connection, key));
        if (ids.has_value()) {
          MODBOUND_ASSIGN_OR_RETURN(response,
                                    LoadResponse(connection, key.owner, *ids));
        }
        return absl::OkStatus();
      }));
  return response;
}

absl::StatusOr<std::vector<PlannedJob>> Submitter::Plan(
    const std::string& owner, std::vector<SubmittedJob> jobs) {
  MODBOUND_RETURN_IF_ERROR(artifacts_.CheckRoom(owner, 0));
  const int64_t now_us = WallMicros();
  for (const SubmittedJob& job : jobs) {
    MODBOUND_RETURN_IF_ERROR(CheckSubmittedJob(job.job, job.path, now_us));
  }
  return PlanJobs({database_, artifacts_, ids_, owner, limits_, now_us},
                  std::move(jobs));
}

void Submitter::Accept(RequestKey key,
                       std::vector<PlannedJob> planned,
                       Done done) {
  const auto weight = planned.size() > kMostLightJobs
                          ? Database::Weight::kHeavy
                          : Database::Weight::kLight;
  const auto jobs =
      std::make_shared<std::vector<PlannedJob>>(std::move(planned));
  // Made here: the writer thread is for what must be one transaction. Only
  // states are still open; any state takes the same number of bytes.
  const auto response = std::make_shared<v1::SubmitGraphResponse>(
      SubmitResponse(static_cast<int>(jobs->size()), [&](int i) {
        return JobAsAccepted((*jobs)[static_cast<std::size_t>(i)].row);
      }));
  const auto logged = std::make_shared<const RequestKey>(key);
  ReachFailpoint(Failpoint::kSubmitPlanned);
  writer_.Write(
      [this, key = std::move(key), jobs, response](
          Connection& connection, JobTransitions& transitions) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(
            const auto earlier,
            AcceptJobs(
                connection, transitions, key, open_jobs_, artifacts_, *jobs));
        if (earlier.has_value()) {
          MODBOUND_ASSIGN_OR_RETURN(
              *response, LoadResponse(connection, key.owner, *earlier));
          return absl::OkStatus();
        }
        for (std::size_t i = 0; i < jobs->size(); ++i) {
          response->mutable_jobs(static_cast<int>(i))
              ->set_state((*jobs)[i].row.state);
        }
        ReachFailpoint(Failpoint::kSubmitWritten);
        return absl::OkStatus();
      },
      [this, response, logged, done = std::move(done)](
          const absl::Status& status) {
        if (status.ok()) {
          ReachFailpoint(Failpoint::kSubmitCommitted);
          IfMemory([&] { LogAccepted(*logged, *response); });
          done(std::move(*response));
        } else {
          open_jobs_.Forget(logged->owner);
          done(status);
        }
      },
      weight);
}

}  // namespace modbound
