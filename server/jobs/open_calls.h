#ifndef MODBOUND_SERVER_JOBS_OPEN_CALLS_H_
#define MODBOUND_SERVER_JOBS_OPEN_CALLS_H_

#include <memory>

#include "core/base/mutex.h"

namespace modbound {

// Counts calls whose answer is still to come, so that what they use can wait
// for them. Threads: safe from any thread.
class OpenCalls {
 public:
  // A call is open as long as its ticket lives.
  using Ticket = std::shared_ptr<const void>;
  Ticket Begin();
  // As Begin, but null once Close was called.
  Ticket BeginUnlessClosed();
  void Close();
  void WaitUntilNone();

 private:
  Ticket MakeTicket();
  void End();

  Mutex mutex_;
  CondVar ended_;
  int open_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_OPEN_CALLS_H_
