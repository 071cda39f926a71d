#ifndef MODBOUND_SERVER_RPC_OPEN_STREAMS_H_
#define MODBOUND_SERVER_RPC_OPEN_STREAMS_H_

#include <set>

#include "absl/status/status.h"
#include "core/base/mutex.h"

namespace modbound {

// A streaming call that is open.
class Stream {
 public:
  virtual ~Stream() = default;
  // The server stops: the stream ends soon with StoppingError. Called from any
  // thread, must not wait.
  virtual void Stop() = 0;
};

// The error of calls that the end of the server breaks off: kUnavailable
// SERVER_STOPPING.
absl::Status StoppingError();

// All open streams of a server, so that its end can tell them. Threads: safe
// from any.
class OpenStreams {
 public:
  // A stream that opens after Stop is stopped at once.
  void Add(Stream* stream);
  // To be called before the stream is destroyed.
  void Remove(Stream* stream);
  void Stop();

 private:
  Mutex mutex_;
  std::set<Stream*> streams_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_OPEN_STREAMS_H_
