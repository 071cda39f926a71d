#include "server/executors/hang_watch.h"

#include <utility>
#include <vector>

namespace modbound {

HangWatch::Entry HangWatch::Add(std::shared_ptr<const AttemptTask> task,
                                Time now) {
  const MutexLock lock(mutex_);
  return watched_.insert(watched_.end(), {std::move(task), now});
}

void HangWatch::Remove(Entry entry) {
  const MutexLock lock(mutex_);
  watched_.erase(entry);
}

void HangWatch::Look(Time now) {
  struct Found {
    std::shared_ptr<AttemptSink> sink;
    Time asked;
  };
  std::vector<Found> found;
  {
    const MutexLock lock(mutex_);
    for (Watched& watched : watched_) {
      if (watched.task->stop->TakeAsked()) {
        watched.asked = now;
      } else if (now - watched.asked > limit_ && !watched.told) {
        found.push_back({watched.task->sink, watched.asked});
        watched.told = true;
      }
    }
  }
  for (const Found& hanging : found) {
    hanging.sink->Hangs(std::chrono::duration_cast<std::chrono::milliseconds>(
        now - hanging.asked));
  }
}

}  // namespace modbound
