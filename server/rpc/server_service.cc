#include "server/rpc/server_service.h"

#include "absl/strings/str_cat.h"
#include "build_info.h"
#include "core/base/error.h"
#include "google/protobuf/util/time_util.h"
#include "server/analyses/analysis.h"
#include "server/artifacts/artifact_store.h"
#include "server/rpc/message.h"
#include "server/rpc/refused_call.h"
#include "server/rpc/unary.h"

namespace modbound {
namespace {

absl::StatusOr<v1::ListKindsResponse> Kinds(const std::string& kind) {
  v1::ListKindsResponse response;
  for (const Analysis* analysis : AllAnalyses()) {
    if (kind.empty() || kind == analysis->kind) {
      *response.add_kinds() = DescribeKind(*analysis);
    }
  }
  if (!kind.empty() && response.kinds().empty()) {
    return Refuse("UNKNOWN_KIND",
                  "kind",
                  absl::StrCat("this server has no kind \"", kind, "\""));
  }
  return response;
}

}  // namespace

ServerService::ServerService(JobQueue& queue,
                             Admission& admission,
                             const JobQueueOptions& options)
    : queue_(queue), admission_(admission) {
  info_.set_version(kVersion);
  info_.set_kernel_version(kKernelVersion);
  info_.set_git_hash(kGitHash);
  info_.set_compiler(kCompiler);
  info_.set_isa(kIsa);
  info_.set_cores(options.cores);
  info_.set_memory_limit_bytes(options.memory_limit_bytes);
  info_.set_max_message_bytes(kMaxMessageBytes);
  info_.set_max_inline_bytes(kInlineLimit);
  *info_.mutable_start_time() =
      google::protobuf::util::TimeUtil::GetCurrentTime();
}

grpc::ServerUnaryReactor* ServerService::GetServerInfo(
    grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  const Admitted admitted =
      admission_.Admit(*context, Rpc::kServerServiceGetServerInfo);
  if (!admitted.ok()) {
    return RefuseCall(context, admitted);
  }
  return Answer<v1::GetServerInfoRequest, v1::ServerInfo>(
      context,
      request,
      reply,
      [&](const v1::GetServerInfoRequest&) -> absl::StatusOr<v1::ServerInfo> {
        v1::ServerInfo info = info_;
        info.set_owner(admitted.caller.owner);
        return info;
      });
}

grpc::ServerUnaryReactor* ServerService::GetQueueState(
    grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  const Admitted admitted =
      admission_.Admit(*context, Rpc::kServerServiceGetQueueState);
  if (!admitted.ok()) {
    return RefuseCall(context, admitted);
  }
  return Answer<v1::GetQueueStateRequest, v1::QueueState>(
      context,
      request,
      reply,
      [&](const v1::GetQueueStateRequest&) -> absl::StatusOr<v1::QueueState> {
        return queue_.State();
      });
}

grpc::ServerUnaryReactor* ServerService::ListKinds(
    grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  const Admitted admitted =
      admission_.Admit(*context, Rpc::kServerServiceListKinds);
  if (!admitted.ok()) {
    return RefuseCall(context, admitted);
  }
  return Answer<v1::ListKindsRequest, v1::ListKindsResponse>(
      context, request, reply, [&](const v1::ListKindsRequest& list) {
        return Kinds(list.kind());
      });
}

}  // namespace modbound
