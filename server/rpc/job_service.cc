#include "server/rpc/job_service.h"

#include <string>
#include <utility>

#include "server/files/guarded.h"
#include "server/rpc/owner.h"
#include "server/rpc/unary.h"
#include "server/rpc/watch_reactor.h"

namespace modbound {

grpc::ServerUnaryReactor* JobService::SubmitJob(
    grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerLaterOn<v1::SubmitJobRequest, v1::Job>(
      pools_.submits,
      context,
      request,
      reply,
      [this, owner = OwnerOf(*context)](v1::SubmitJobRequest submit,
                                        const JobQueue::JobDone& done) {
        queue_.SubmitJob(owner, std::move(submit), done);
      });
}

grpc::ServerUnaryReactor* JobService::SubmitGraph(
    grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerLaterOn<v1::SubmitGraphRequest, v1::SubmitGraphResponse>(
      pools_.submits,
      context,
      request,
      reply,
      [this, owner = OwnerOf(*context)](v1::SubmitGraphRequest submit,
                                        const JobQueue::JobsDone& done) {
        queue_.SubmitGraph(owner, std::move(submit), done);
      });
}

grpc::ServerUnaryReactor* JobService::GetJob(
    grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return Answer<v1::GetJobRequest, v1::Job>(
      context, request, reply, [&](const v1::GetJobRequest& get) {
        return queue_.GetJob(OwnerOf(*context), get.id());
      });
}

grpc::ServerUnaryReactor* JobService::ListJobs(
    grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerOn<v1::ListJobsRequest, v1::ListJobsResponse>(
      pools_.reads,
      context,
      request,
      reply,
      [this, owner = OwnerOf(*context)](const v1::ListJobsRequest& list) {
        return queue_.ListJobs(owner, list);
      });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* JobService::WatchJob(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  return StartWatch(
      queue_, OwnerOf(*context), *request, streams_, pools_.reads);
}

grpc::ServerUnaryReactor* JobService::CancelJob(
    grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerLater<v1::CancelJobRequest, v1::Job>(
      context,
      request,
      reply,
      [&](const v1::CancelJobRequest& cancel, const JobQueue::JobDone& done) {
        queue_.CancelJob(OwnerOf(*context), cancel.id(), done);
      });
}

grpc::ServerUnaryReactor* JobService::DeleteJob(
    grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerLater<v1::DeleteJobRequest, v1::DeleteJobResponse>(
      context,
      request,
      reply,
      [&](const v1::DeleteJobRequest& remove, const auto& done) {
        queue_.DeleteJob(
            OwnerOf(*context), remove.id(), [done](const absl::Status& status) {
              if (status.ok()) {
                done(v1::DeleteJobResponse());
              } else {
                done(status);
              }
            });
      });
}

}  // namespace modbound
