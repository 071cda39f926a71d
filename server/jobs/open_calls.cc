#include "server/jobs/open_calls.h"

namespace modbound {

OpenCalls::Ticket OpenCalls::BeginLocked() {
  ++open_;
  return {this, [this](const void*) { End(); }};
}

OpenCalls::Ticket OpenCalls::Begin() {
  const MutexLock lock(mutex_);
  return BeginLocked();
}

OpenCalls::Ticket OpenCalls::BeginUnlessClosed() {
  const MutexLock lock(mutex_);
  return closed_ ? nullptr : BeginLocked();
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
