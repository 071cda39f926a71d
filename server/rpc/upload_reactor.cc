#include "server/rpc/upload_reactor.h"

#include <chrono>
#include <memory>
#include <utility>

#include "core/base/error.h"
#include "core/base/execution.h"
#include "core/base/mutex.h"
#include "server/files/guarded.h"
#include "server/rpc/message.h"
#include "server/rpc/status.h"

namespace modbound {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

absl::Status IdleError() {
  return MakeError(absl::StatusCode::kUnavailable,
                   "STREAM_IDLE",
                   "",
                   "nothing came for too long; the upload can go on from "
                   "QueryUpload's offset");
}

// Until it has ended, always either a read or a step on a pool goes on. Only
// Stop and Tick interfere, and only with a read.
class UploadReactor final : public grpc::ServerReadReactor<grpc::ByteBuffer>,
                            public Stream {
 public:
  UploadReactor(UploadStore& uploads,
                Caller caller,
                const grpc::CallbackServerContext& context,
                grpc::ByteBuffer* reply,
                OpenStreams& streams,
                WorkerPools& pools,
                std::chrono::milliseconds most_idle)
      : uploads_(uploads),
        caller_(std::move(caller)),
        context_(context),
        reply_(reply),
        streams_(streams),
        pools_(pools),
        most_idle_(most_idle) {
    streams_.Add(this);
  }

  // Asks for the next message.
  void Read() {
    {
      const MutexLock lock(mutex_);
      if (!stopping_) {
        reading_ = true;
        reading_since_ = std::chrono::steady_clock::now();
        StartRead(&message_);
        return;
      }
    }
    Finish(ToGrpcStatus(StoppingError()));
  }

  void Stop() override {
    stop_.Stop();
    const MutexLock lock(mutex_);
    stopping_ = true;
    if (reading_) {
      BreakOff(StoppingError());
    }
  }

  void Tick(SteadyTime now) override {
    const MutexLock lock(mutex_);
    if (reading_ && now - reading_since_ >= most_idle_) {
      BreakOff(IdleError());
    }
  }

  void OnReadDone(bool ok) override {
    {
      const MutexLock lock(mutex_);
      if (!reading_) {
        return;  // it was broken off
      }
      reading_ = false;
    }
    if (ok) {
      pools_.chunks.Run([this] { Take(); });
    } else if (context_.IsCancelled()) {
      Finish(grpc::Status::CANCELLED);  // what came so far stays, for a resume
    } else {
      pools_.scans.Run([this] { End(); });
    }
  }

  void OnDone() override {
    streams_.Remove(this);
    delete this;
  }

 private:
  // Ends the call in the middle of a read; what came so far stays.
  void BreakOff(const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    reading_ = false;
    Finish(ToGrpcStatus(status));
  }

  // Stores the message that has come. Ends in exactly one Read or Finish, and
  // touches nothing after it; so does End.
  void Take() {
    const absl::Status status = Guarded([&]() -> absl::Status {
      v1::UploadRequest request;
      MODBOUND_RETURN_IF_ERROR(ReadMessage(message_, request));
      MODBOUND_RETURN_IF_ERROR(caller_.CheckAgain());
      return Store(request);
    });
    if (status.ok()) {
      Read();
    } else {
      upload_.reset();
      Finish(ToGrpcStatus(status));
    }
  }

  absl::Status Store(const v1::UploadRequest& request) {
    if (request.has_header() == (upload_ != nullptr)) {
      return Refuse("BAD_CHUNK",
                    request.has_header() ? "header" : "chunk",
                    "the first message must be a header, all others chunks");
    }
    if (request.has_header()) {
      MODBOUND_ASSIGN_OR_RETURN(
          upload_, uploads_.Begin(caller_.owner, request.header()));
      return absl::OkStatus();
    }
    if (!request.has_chunk()) {
      return Refuse("BAD_CHUNK", "chunk", "the message holds no chunk");
    }
    return upload_->Append(request.chunk());
  }

  // The client has sent all.
  void End() {
    const absl::Status status = Guarded([&]() -> absl::Status {
      if (upload_ == nullptr) {
        return Refuse("MISSING_FIELD", "header", "the upload has no header");
      }
      MODBOUND_ASSIGN_OR_RETURN(const v1::UploadResponse response,
                                upload_->Finish(stop_));
      return WriteMessage(response, *reply_);
    });
    upload_.reset();
    Finish(ToGrpcStatus(status));
  }

  UploadStore& uploads_;
  const Caller caller_;
  const grpc::CallbackServerContext& context_;
  grpc::ByteBuffer* reply_;
  OpenStreams& streams_;
  WorkerPools& pools_;
  const std::chrono::milliseconds most_idle_;
  std::unique_ptr<Upload> upload_;
  grpc::ByteBuffer message_;
  StopFlag stop_;

  Mutex mutex_;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  SteadyTime reading_since_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

grpc::ServerReadReactor<grpc::ByteBuffer>* StartUpload(
    UploadStore& uploads,
    const Caller& caller,
    const grpc::CallbackServerContext& context,
    grpc::ByteBuffer* reply,
    OpenStreams& streams,
    WorkerPools& pools,
    std::chrono::milliseconds most_idle) {
  auto* reactor = new UploadReactor(
      uploads, caller, context, reply, streams, pools, most_idle);
  reactor->Read();
  return reactor;
}

}  // namespace modbound
