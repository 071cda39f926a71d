#include "server/artifacts/sweeper.h"

#include <spdlog/spdlog.h>

#include "core/base/error.h"
#include "server/files/guarded.h"

namespace modbound {

Sweeper::Sweeper(ArtifactStore& artifacts,
                 UploadStore& uploads,
                 std::chrono::milliseconds interval)
    : artifacts_(artifacts),
      uploads_(uploads),
      interval_(interval),
      thread_([this] { Loop(); }) {}

Sweeper::~Sweeper() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    stopped_.NotifyAll();
  }
  thread_.join();
}

void Sweeper::Loop() {
  while (WaitForNext()) {
    const absl::Status status = Guarded([&] {
      uploads_.RemoveOld();
      return artifacts_.Sweep();
    });
    if (!status.ok()) {
      spdlog::warn("event=not_swept error=\"{}\"", LogText(status));
    }
  }
}

bool Sweeper::WaitForNext() {
  const auto next = std::chrono::steady_clock::now() + interval_;
  const MutexLock lock(mutex_);
  while (!stopping_ && stopped_.WaitUntil(mutex_, next)) {
  }
  return !stopping_;
}

}  // namespace modbound
