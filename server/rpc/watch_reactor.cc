#include "server/rpc/watch_reactor.h"

#include <functional>
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

// Answers a call with the messages of a JobFeed. At any time at most one of
// these goes on: a pull on the pool, or a write. A wake in the meantime is
// remembered and leads to another pull.
template <typename Request, typename Message>
class FeedReactor final
    : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
      public Stream,
      public std::enable_shared_from_this<FeedReactor<Request, Message>> {
 public:
  using Feed = JobFeed<Message>;
  // JobQueue::Watch, for example.
  using OpenFeed = absl::StatusOr<std::unique_ptr<Feed>> (JobQueue::*)(
      const std::string& owner,
      const Request& request,
      std::function<void()> wake);

  FeedReactor(OpenFeed open,
              JobQueue& queue,
              Caller caller,
              const grpc::ByteBuffer& request,
              OpenStreams& streams,
              WorkerPool& pool)
      : open_(open),
        queue_(queue),
        caller_(std::move(caller)),
        request_(request),
        streams_(streams),
        pool_(pool) {}

  void Start() {
    self_ = this->shared_from_this();
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

  // A token may have been revoked meanwhile.
  void Tick(std::chrono::steady_clock::time_point /*now*/) override {
    if (!caller_.for_ever()) {
      Wake();
    }
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
  // From any thread, also from inside open_.
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
    pool_.Run([self = this->shared_from_this()] { self->Pull(); });
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
      if (feed_->done()) {
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
    MODBOUND_RETURN_IF_ERROR(caller_.CheckAgain());
    if (feed_ == nullptr) {
      MODBOUND_RETURN_IF_ERROR(Open());
    }
    if (feed_->done()) {
      return false;
    }
    MODBOUND_ASSIGN_OR_RETURN(const std::optional<Message> message,
                              feed_->Next());
    if (message.has_value()) {
      MODBOUND_RETURN_IF_ERROR(WriteMessage(*message, message_));
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
    Request request;
    MODBOUND_RETURN_IF_ERROR(ReadMessage(request_, request));
    const std::weak_ptr<FeedReactor> weak = this->weak_from_this();
    MODBOUND_ASSIGN_OR_RETURN(feed_,
                              (queue_.*open_)(caller_.owner, request, [weak] {
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
    feed_.reset();
    Finish(ToGrpcStatus(status));
  }

  const OpenFeed open_;
  JobQueue& queue_;
  const Caller caller_;
  const grpc::ByteBuffer request_;
  OpenStreams& streams_;
  WorkerPool& pool_;
  // gRPC's hold on this object, until OnDone.
  std::shared_ptr<FeedReactor> self_;

  // Belong to the pull or write that goes on.
  std::unique_ptr<Feed> feed_;
  grpc::ByteBuffer message_;

  Mutex mutex_;
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
};

template <typename Request, typename Message>
grpc::ServerWriteReactor<grpc::ByteBuffer>* StartFeed(
    typename FeedReactor<Request, Message>::OpenFeed open,
    JobQueue& queue,
    const Caller& caller,
    const grpc::ByteBuffer& request,
    OpenStreams& streams,
    WorkerPool& pool) {
  const auto reactor = std::make_shared<FeedReactor<Request, Message>>(
      open, queue, caller, request, streams, pool);
  reactor->Start();
  return reactor.get();
}

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* StartWatch(
    JobQueue& queue,
    const Caller& caller,
    const grpc::ByteBuffer& request,
    OpenStreams& streams,
    WorkerPool& pool) {
  return StartFeed<v1::WatchJobRequest, v1::JobEvent>(
      &JobQueue::Watch, queue, caller, request, streams, pool);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* StartLogs(
    JobQueue& queue,
    const Caller& caller,
    const grpc::ByteBuffer& request,
    OpenStreams& streams,
    WorkerPool& pool) {
  return StartFeed<v1::GetLogsRequest, v1::GetLogsResponse>(
      &JobQueue::Logs, queue, caller, request, streams, pool);
}

}  // namespace modbound
