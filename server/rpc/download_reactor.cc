#include "server/rpc/download_reactor.h"

#include <atomic>
#include <memory>
#include <utility>

#include "core/base/error.h"
#include "server/files/guarded.h"
#include "server/rpc/download.h"
#include "server/rpc/message.h"
#include "server/rpc/status.h"

namespace modbound {
namespace {

// Always either a step on the pool or a write goes on, until Finish.
class DownloadReactor final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                              public Stream {
 public:
  DownloadReactor(JobQueue& queue,
                  ArtifactStore& artifacts,
                  Caller caller,
                  const grpc::ByteBuffer& request,
                  OpenStreams& streams,
                  WorkerPool& pool)
      : queue_(queue),
        artifacts_(artifacts),
        caller_(std::move(caller)),
        request_(request),
        streams_(streams),
        pool_(pool) {
    streams_.Add(this);
  }

  void Start() {
    pool_.Run([this] { Step(); });
  }

  void Stop() override { stopping_.store(true); }

  void OnWriteDone(bool ok) override {
    if (ok) {
      Start();
    } else {
      Finish(grpc::Status::CANCELLED);
    }
  }

  void OnDone() override {
    streams_.Remove(this);
    delete this;
  }

 private:
  // Ends in exactly one StartWrite or Finish, and touches nothing after it.
  void Step() {
    bool ended = false;
    const absl::Status status = Guarded([&]() -> absl::Status {
      MODBOUND_RETURN_IF_ERROR(Open());
      ended = download_->done();
      if (ended) {
        return absl::OkStatus();
      }
      if (stopping_.load()) {
        return StoppingError();
      }
      MODBOUND_RETURN_IF_ERROR(caller_.CheckAgain());
      MODBOUND_ASSIGN_OR_RETURN(const v1::DownloadResponse chunk,
                                download_->Next());
      return WriteMessage(chunk, message_);
    });
    if (ended || !status.ok()) {
      Finish(ToGrpcStatus(status));
    } else {
      StartWrite(&message_);
    }
  }

  absl::Status Open() {
    if (download_ != nullptr) {
      return absl::OkStatus();
    }
    v1::DownloadRequest request;
    MODBOUND_RETURN_IF_ERROR(ReadMessage(request_, request));
    MODBOUND_ASSIGN_OR_RETURN(
        download_, Download::Open(queue_, artifacts_, caller_.owner, request));
    return absl::OkStatus();
  }

  JobQueue& queue_;
  ArtifactStore& artifacts_;
  const Caller caller_;
  const grpc::ByteBuffer request_;
  OpenStreams& streams_;
  WorkerPool& pool_;
  std::unique_ptr<Download> download_;
  grpc::ByteBuffer message_;
  std::atomic<bool> stopping_{false};
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* StartDownload(
    JobQueue& queue,
    ArtifactStore& artifacts,
    const Caller& caller,
    const grpc::ByteBuffer& request,
    OpenStreams& streams,
    WorkerPool& pool) {
  auto* reactor =
      new DownloadReactor(queue, artifacts, caller, request, streams, pool);
  reactor->Start();
  return reactor;
}

}  // namespace modbound
