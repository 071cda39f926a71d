#include "server/rpc/job_service.h"

#include <string>
#include <utility>

#include "server/files/guarded.h"
#include "server/rpc/refused_call.h"
#include "server/rpc/unary.h"
#include "server/rpc/watch_reactor.h"

namespace modbound {

grpc::ServerUnaryReactor* JobService::SubmitJob(
    grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  Admitted admitted = admission_.Admit(*context, Rpc::kJobServiceSubmitJob);
  if (!admitted.ok()) {
    return RefuseCall(context, admitted);
  }
  return AnswerLaterOn<v1::SubmitJobRequest, v1::Job>(
      pools_.submits,
      context,
      request,
      reply,
      [this, caller = std::move(admitted.caller)](
          v1::SubmitJobRequest submit, const JobQueue::JobDone& done) {
        std::string request_id = submit.request_id();
        queue_.SubmitJob(
            caller.owner,
            std::move(submit),
            [this, caller, done, request_id = std::move(request_id)](
                absl::StatusOr<v1::Job> job) {
              admission_.Note("submit",
                              caller,
                              request_id,
                              job.ok() ? job->id() : "",
                              job.ok() ? 1 : 0,
                              job.status());
              done(std::move(job));
            });
      });
}

grpc::ServerUnaryReactor* JobService::SubmitGraph(
    grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  Admitted admitted = admission_.Admit(*context, Rpc::kJobServiceSubmitGraph);
  if (!admitted.ok()) {
    return RefuseCall(context, admitted);
  }
  return AnswerLaterOn<v1::SubmitGraphRequest, v1::SubmitGraphResponse>(
      pools_.submits,
      context,
      request,
      reply,
      [this, caller = std::move(admitted.caller)](
          v1::SubmitGraphRequest submit, const JobQueue::JobsDone& done) {
        std::string request_id = submit.request_id();
        queue_.SubmitGraph(
            caller.owner,
            std::move(submit),
            [this, caller, done, request_id = std::move(request_id)](
                absl::StatusOr<v1::SubmitGraphResponse> jobs) {
              const int count = jobs.ok() ? jobs->jobs_size() : 0;
              admission_.Note("submit",
                              caller,
                              request_id,
                              count > 0 ? jobs->jobs(0).id() : "",
                              count,
                              jobs.status());
              done(std::move(jobs));
            });
      });
}

grpc::ServerUnaryReactor* JobService::GetJob(
    grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  const Admitted admitted = admission_.Admit(*context, Rpc::kJobServiceGetJob);
  if (!admitted.ok()) {
    return RefuseCall(context, admitted);
  }
  return Answer<v1::GetJobRequest, v1::Job>(
      context, request, reply, [&](const v1::GetJobRequest& get) {
        return queue_.GetJob(admitted.caller.owner, get.id());
      });
}

grpc::ServerUnaryReactor* JobService::ListJobs(
    grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  const Admitted admitted =
      admission_.Admit(*context, Rpc::kJobServiceListJobs);
  if (!admitted.ok()) {
    return RefuseCall(context, admitted);
  }
  return AnswerOn<v1::ListJobsRequest, v1::ListJobsResponse>(
      pools_.reads,
      context,
      request,
      reply,
      [this, owner = admitted.caller.owner](const v1::ListJobsRequest& list) {
        return queue_.ListJobs(owner, list);
      });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* JobService::WatchJob(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  const Admitted admitted =
      admission_.AdmitStream(*context, Rpc::kJobServiceWatchJob);
  if (!admitted.ok()) {
    return RefuseStream<grpc::ServerWriteReactor<grpc::ByteBuffer>>(admitted);
  }
  return StartWatch(queue_, admitted.caller, *request, streams_, pools_.reads);
}

grpc::ServerUnaryReactor* JobService::CancelJob(
    grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  const Admitted admitted =
      admission_.Admit(*context, Rpc::kJobServiceCancelJob);
  if (!admitted.ok()) {
    return RefuseCall(context, admitted);
  }
  return AnswerLater<v1::CancelJobRequest, v1::Job>(
      context,
      request,
      reply,
      [&](const v1::CancelJobRequest& cancel, const JobQueue::JobDone& done) {
        queue_.CancelJob(
            admitted.caller.owner,
            cancel.id(),
            [this, caller = admitted.caller, id = cancel.id(), done](
                absl::StatusOr<v1::Job> job) {
              admission_.Note("cancel", caller, "", id, 1, job.status());
              done(std::move(job));
            });
      });
}

grpc::ServerUnaryReactor* JobService::DeleteJob(
    grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  const Admitted admitted =
      admission_.Admit(*context, Rpc::kJobServiceDeleteJob);
  if (!admitted.ok()) {
    return RefuseCall(context, admitted);
  }
  return AnswerLater<v1::DeleteJobRequest, v1::DeleteJobResponse>(
      context,
      request,
      reply,
      [&](const v1::DeleteJobRequest& remove, const auto& done) {
        queue_.DeleteJob(
            admitted.caller.owner,
            remove.id(),
            [this, caller = admitted.caller, id = remove.id(), done](
                const absl::Status& status) {
              admission_.Note("delete", caller, "", id, 1, status);
              if (status.ok()) {
                done(v1::DeleteJobResponse());
              } else {
                done(status);
              }
            });
      });
}

grpc::ServerUnaryReactor* JobService::ReproduceJob(
    grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  Admitted admitted = admission_.Admit(*context, Rpc::kJobServiceReproduceJob);
  if (!admitted.ok()) {
    return RefuseCall(context, admitted);
  }
  return AnswerLaterOn<v1::ReproduceJobRequest, v1::Job>(
      pools_.submits,
      context,
      request,
      reply,
      [this, caller = std::move(admitted.caller)](
          v1::ReproduceJobRequest reproduce, const JobQueue::JobDone& done) {
        std::string request_id = reproduce.request_id();
        queue_.ReproduceJob(
            caller.owner,
            std::move(reproduce),
            [this, caller, done, request_id = std::move(request_id)](
                absl::StatusOr<v1::Job> job) {
              admission_.Note("reproduce",
                              caller,
                              request_id,
                              job.ok() ? job->id() : "",
                              job.ok() ? 1 : 0,
                              job.status());
              done(std::move(job));
            });
      });
}

grpc::ServerUnaryReactor* JobService::ExplainJob(
    grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  const Admitted admitted =
      admission_.Admit(*context, Rpc::kJobServiceExplainJob);
  if (!admitted.ok()) {
    return RefuseCall(context, admitted);
  }
  return AnswerOn<v1::ExplainJobRequest, v1::Explanation>(
      pools_.reads,
      context,
      request,
      reply,
      [this,
       owner = admitted.caller.owner](const v1::ExplainJobRequest& explain) {
        return queue_.ExplainJob(owner, explain.id());
      });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* JobService::GetLogs(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  const Admitted admitted =
      admission_.AdmitStream(*context, Rpc::kJobServiceGetLogs);
  if (!admitted.ok()) {
    return RefuseStream<grpc::ServerWriteReactor<grpc::ByteBuffer>>(admitted);
  }
  return StartLogs(queue_, admitted.caller, *request, streams_, pools_.reads);
}

}  // namespace modbound
