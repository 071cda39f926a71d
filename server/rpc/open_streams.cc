#include "server/rpc/open_streams.h"

#include "core/base/error.h"

namespace modbound {

absl::Status StoppingError() {
  return MakeError(absl::StatusCode::kUnavailable,
                   "SERVER_STOPPING",
                   "",
                   "the server is stopping; try again later");
}

OpenStreams::OpenStreams(std::chrono::milliseconds tick) : tick_(tick) {
  thread_ = std::thread([this] { Loop(); });
}

OpenStreams::~OpenStreams() {
  {
    const MutexLock lock(mutex_);
    ending_ = true;
  }
  ended_.NotifyAll();
  thread_.join();
}

void OpenStreams::Loop() {
  const MutexLock lock(mutex_);
  auto next = std::chrono::steady_clock::now() + tick_;
  while (!ending_) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next) {
      ended_.WaitUntil(mutex_, next);
      continue;
    }
    next = now + tick_;
    for (Stream* stream : streams_) {
      stream->Tick(now);
    }
  }
}

void OpenStreams::Add(Stream* stream) {
  const MutexLock lock(mutex_);
  streams_.insert(stream);
  if (stopping_) {
    stream->Stop();
  }
}

void OpenStreams::Remove(Stream* stream) {
  const MutexLock lock(mutex_);
  streams_.erase(stream);
}

void OpenStreams::Stop() {
  const MutexLock lock(mutex_);
  stopping_ = true;
  for (Stream* stream : streams_) {
    stream->Stop();
  }
}

}  // namespace modbound
