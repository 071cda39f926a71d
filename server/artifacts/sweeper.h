#ifndef MODBOUND_SERVER_ARTIFACTS_SWEEPER_H_
#define MODBOUND_SERVER_ARTIFACTS_SWEEPER_H_

#include <chrono>
#include <thread>

#include "core/base/mutex.h"
#include "server/artifacts/artifact_store.h"
#include "server/artifacts/upload_store.h"

namespace modbound {

// Removes, every `interval` on a thread of its own, what nothing will ask for
// any more: ArtifactStore::Sweep and UploadStore::RemoveOld. The first time is
// one interval after the start, which does the same by itself. Locks: calls
// nothing under its mutex.
class Sweeper {
 public:
  // Both must outlive it.
  Sweeper(ArtifactStore& artifacts,
          UploadStore& uploads,
          std::chrono::milliseconds interval = std::chrono::hours(1));
  // Waits for a sweep that is under way.
  ~Sweeper();
  Sweeper(const Sweeper&) = delete;
  Sweeper& operator=(const Sweeper&) = delete;

 private:
  void Loop();
  // False: the end has come.
  bool WaitForNext();

  ArtifactStore& artifacts_;
  UploadStore& uploads_;
  const std::chrono::milliseconds interval_;
  Mutex mutex_;
  CondVar stopped_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_ARTIFACTS_SWEEPER_H_
