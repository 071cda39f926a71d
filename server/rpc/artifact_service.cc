#include "server/rpc/artifact_service.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/artifacts/sha256.h"
#include "server/rpc/download_reactor.h"
#include "server/rpc/refused_call.h"
#include "server/rpc/unary.h"
#include "server/rpc/upload_reactor.h"

namespace modbound {
namespace {

constexpr int kMaxFindMissing = 10000;

absl::Status CheckDigestText(const std::string& digest,
                             const std::string& field) {
  return IsDigest(digest)
             ? absl::OkStatus()
             : Refuse("BAD_TEXT",
                      field,
                      absl::StrCat(field,
                                   " must be 64 lower-case hexadecimal"
                                   " digits"));
}

absl::StatusOr<v1::FindMissingResponse> Missing(
    ArtifactStore& artifacts,
    const std::string& owner,
    const v1::FindMissingRequest& request) {
  if (request.artifacts_size() > kMaxFindMissing) {
    return MakeError(absl::StatusCode::kResourceExhausted,
                     "TOO_LARGE",
                     "artifacts",
                     absl::StrCat("artifacts has ",
                                  request.artifacts_size(),
                                  " digests; at most ",
                                  kMaxFindMissing,
                                  " are taken"));
  }
  for (int i = 0; i < request.artifacts_size(); ++i) {
    MODBOUND_RETURN_IF_ERROR(CheckDigestText(
        request.artifacts(i), absl::StrCat("artifacts[", i, "]")));
  }
  MODBOUND_ASSIGN_OR_RETURN(
      const std::vector<std::string> missing,
      artifacts.FindMissing(
          owner, {request.artifacts().begin(), request.artifacts().end()}));
  v1::FindMissingResponse response;
  response.mutable_missing()->Assign(missing.begin(), missing.end());
  return response;
}

}  // namespace

grpc::ServerReadReactor<grpc::ByteBuffer>* ArtifactService::Upload(
    grpc::CallbackServerContext* context, grpc::ByteBuffer* reply) {
  const Admitted admitted =
      admission_.AdmitStream(*context, Rpc::kArtifactServiceUpload);
  if (!admitted.ok()) {
    return RefuseStream<grpc::ServerReadReactor<grpc::ByteBuffer>>(admitted);
  }
  return StartUpload(uploads_,
                     admitted.caller,
                     *context,
                     reply,
                     streams_,
                     pools_,
                     limits_.upload_idle);
}

grpc::ServerUnaryReactor* ArtifactService::QueryUpload(
    grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  const Admitted admitted =
      admission_.Admit(*context, Rpc::kArtifactServiceQueryUpload);
  if (!admitted.ok()) {
    return RefuseCall(context, admitted);
  }
  return Answer<v1::QueryUploadRequest, v1::QueryUploadResponse>(
      context,
      request,
      reply,
      [&](const v1::QueryUploadRequest& query)
          -> absl::StatusOr<v1::QueryUploadResponse> {
        v1::QueryUploadResponse response;
        MODBOUND_ASSIGN_OR_RETURN(
            const int64_t committed,
            uploads_.CommittedBytes(admitted.caller.owner, query.upload_id()));
        response.set_committed_bytes(committed);
        return response;
      });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* ArtifactService::Download(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  const Admitted admitted =
      admission_.AdmitStream(*context, Rpc::kArtifactServiceDownload);
  if (!admitted.ok()) {
    return RefuseStream<grpc::ServerWriteReactor<grpc::ByteBuffer>>(admitted);
  }
  return StartDownload(
      queue_, artifacts_, admitted.caller, *request, streams_, pools_.chunks);
}

grpc::ServerUnaryReactor* ArtifactService::StatArtifact(
    grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  const Admitted admitted =
      admission_.Admit(*context, Rpc::kArtifactServiceStatArtifact);
  if (!admitted.ok()) {
    return RefuseCall(context, admitted);
  }
  return Answer<v1::StatArtifactRequest, v1::ArtifactStat>(
      context,
      request,
      reply,
      [&](const v1::StatArtifactRequest& stat)
          -> absl::StatusOr<v1::ArtifactStat> {
        MODBOUND_RETURN_IF_ERROR(CheckDigestText(stat.artifact(), "artifact"));
        v1::ArtifactStat response;
        MODBOUND_ASSIGN_OR_RETURN(
            const int64_t size,
            artifacts_.SizeFor(admitted.caller.owner, stat.artifact()));
        response.set_artifact(stat.artifact());
        response.set_size_bytes(size);
        return response;
      });
}

grpc::ServerUnaryReactor* ArtifactService::FindMissing(
    grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  const Admitted admitted =
      admission_.Admit(*context, Rpc::kArtifactServiceFindMissing);
  if (!admitted.ok()) {
    return RefuseCall(context, admitted);
  }
  return AnswerOn<v1::FindMissingRequest, v1::FindMissingResponse>(
      pools_.reads,
      context,
      request,
      reply,
      [this,
       owner = admitted.caller.owner](const v1::FindMissingRequest& find) {
        return Missing(artifacts_, owner, find);
      });
}

}  // namespace modbound
