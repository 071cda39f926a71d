#ifndef MODBOUND_SERVER_RPC_OPEN_STREAMS_H_
#define MODBOUND_SERVER_RPC_OPEN_STREAMS_H_

#include <chrono>
#include <set>
#include <thread>

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
  // Comes again and again; a stream that waits for its client for too long ends
  // itself. As Stop, must not wait.
  virtual void Tick(std::chrono::steady_clock::time_point /*now*/) {}
};

// The error of calls that the end of the server breaks off: kUnavailable
// SERVER_STOPPING.
absl::Status StoppingError();

// All open streams of a server, so that its end, and time, can tell them.
// Threads: safe from any.
class OpenStreams {
 public:
  // Streams get a Tick every `tick`.
  explicit OpenStreams(std::chrono::milliseconds tick);
  ~OpenStreams();
  OpenStreams(const OpenStreams&) = delete;
  OpenStreams& operator=(const OpenStreams&) = delete;

  // A stream that opens after Stop is stopped at once.
  void Add(Stream* stream);
  // To be called before the stream is destroyed.
  void Remove(Stream* stream);
  void Stop();

 private:
  void Loop();

  const std::chrono::milliseconds tick_;
  Mutex mutex_;
  CondVar ended_;
  std::set<Stream*> streams_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_OPEN_STREAMS_H_
