#include "server/rpc/watch_reactor.h"

#include <memory>
#include <optional>
#include <utility>

#include "core/base/error.h"
#include "core/base/mutex.h"
#include "server/files/guarded.h"
#include "server/rpc/message.h"
#include "server/rpc/status.h"

namespace modbound {
namespace {

// At any time at most one of these goes on: a pull on the pool, or a write. A
// wake in the meantime is remembered and leads to another pull.
class WatchReactor final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                           public Stream,
                           public std::enable_shared_from_this<WatchReactor> {
 public:
  WatchReactor(JobQueue& queue,
               std::string owner,
               const grpc::ByteBuffer& request,
               OpenStreams& streams,
               WorkerPool& pool)
      : queue_(queue),
        owner_(std::move(owner)),
        request_(request),
        streams_(streams),
        pool_(pool) {}

  void Start() {
    self_ = shared_from_this();
    streams_.Add(this);
    Wake();
  }

  void Stop() override {
    {
      const MutexLock lock(mutex_);
      stopping_ = true;
    }
    Wake();
  }

  void OnWriteDone(bool ok) override {
    if (!ok) {
      const MutexLock lock(mutex_);
      cancelled_ = true;
    }
    SchedulePull();
  }

  void OnCancel() override {
    {
      const MutexLock lock(mutex_);
      cancelled_ = true;
    }
    Wake();
  }

  void OnDone() override {
    streams_.Remove(this);
    self_.reset();
  }

 private:
  // From any thread, also from inside queue_.Watch.
  void Wake() {
    {
      const MutexLock lock(mutex_);
      if (busy_) {
        woken_ = true;
        return;
      }
      busy_ = true;
    }
    SchedulePull();
  }

  void SchedulePull() {
    pool_.Run([self = shared_from_this()] { self->Pull(); });
  }

  // Sends the next event, ends the stream, or goes to sleep.
  void Pull() {
    do {
      bool sent = false;
      const absl::Status status = Guarded([&]() -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(sent, SendNext());
        return absl::OkStatus();
      });
      if (!status.ok()) {
        End(status);
        return;
      }
      if (sent) {
        return;
      }
      if (watch_->done()) {
        End(absl::OkStatus());
        return;
      }
    } while (!Sleep());
  }

  // False: there is no event now. Errors end the stream.
  absl::StatusOr<bool> SendNext() {
    {
      const MutexLock lock(mutex_);
      if (cancelled_) {
        return MakeError(absl::StatusCode::kCancelled,
                         reason::kCancelled,
                         "",
                         "the client left");
      }
    }
    if (watch_ == nullptr) {
      MODBOUND_RETURN_IF_ERROR(Open());
    }
    if (watch_->done()) {
      return false;
    }
    MODBOUND_ASSIGN_OR_RETURN(const std::optional<v1::JobEvent> event,
                              watch_->Next());
    if (event.has_value()) {
      MODBOUND_RETURN_IF_ERROR(WriteMessage(*event, message_));
      StartWrite(&message_);
      return true;
    }
    const MutexLock lock(mutex_);
    if (stopping_) {
      return StoppingError();
    }
    return false;
  }

  absl::Status Open() {
    v1::WatchJobRequest request;
    MODBOUND_RETURN_IF_ERROR(ReadMessage(request_, request));
    const std::weak_ptr<WatchReactor> weak = weak_from_this();
    MODBOUND_ASSIGN_OR_RETURN(watch_, queue_.Watch(owner_, request, [weak] {
      if (const auto self = weak.lock()) {
        self->Wake();
      }
    }));
    return absl::OkStatus();
  }

  // False when a wake came since the pull began: pull again.
  bool Sleep() {
    const MutexLock lock(mutex_);
    if (woken_) {
      woken_ = false;
      return false;
    }
    busy_ = false;
    return true;
  }

  // Stays busy: nothing is pulled any more.
  void End(const absl::Status& status) {
    watch_.reset();
    Finish(ToGrpcStatus(status));
  }

  JobQueue& queue_;
  const std::string owner_;
  const grpc::ByteBuffer request_;
  OpenStreams& streams_;
  WorkerPool& pool_;
  // gRPC's hold on this object, until OnDone.
  std::shared_ptr<WatchReactor> self_;

  // Belong to the pull or write that goes on.
  std::unique_ptr<JobWatch> watch_;
  grpc::ByteBuffer message_;

  Mutex mutex_;
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* StartWatch(
    JobQueue& queue,
    const std::string& owner,
    const grpc::ByteBuffer& request,
    OpenStreams& streams,
    WorkerPool& pool) {
  const auto reactor =
      std::make_shared<WatchReactor>(queue, owner, request, streams, pool);
  reactor->Start();
  return reactor.get();
}

}  // namespace modbound
