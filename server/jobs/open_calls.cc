#include "server/jobs/open_calls.h"

namespace modbound {

// Of a call that is counted, not under the lock: where there is no memory for
// it, it ends at once.
OpenCalls::Ticket OpenCalls::MakeTicket() {
  return {this, [this](const void*) { End(); }};
}

OpenCalls::Ticket OpenCalls::Begin() {
  {
    const MutexLock lock(mutex_);
    ++open_;
  }
  return MakeTicket();
}

OpenCalls::Ticket OpenCalls::BeginUnlessClosed() {
  {
    const MutexLock lock(mutex_);
    if (closed_) {
      return nullptr;
    }
    ++open_;
  }
  return MakeTicket();
}

void OpenCalls::Close() {
  const MutexLock lock(mutex_);
  closed_ = true;
}

void OpenCalls::WaitUntilNone() {
  const MutexLock lock(mutex_);
  while (open_ > 0) {
    ended_.Wait(mutex_);
  }
}

void OpenCalls::End() {
  const MutexLock lock(mutex_);
  --open_;
  ended_.NotifyAll();
}

}  // namespace modbound
