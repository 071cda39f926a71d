#include "server/rpc/open_streams.h"

#include "core/base/error.h"

namespace modbound {

absl::Status StoppingError() {
  return MakeError(absl::StatusCode::kUnavailable,
                   "SERVER_STOPPING",
                   "",
                   "the server is stopping; try again later");
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
