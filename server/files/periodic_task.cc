#include "server/files/periodic_task.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "core/base/error.h"
#include "server/files/guarded.h"
#include "server/files/until_memory.h"

namespace modbound {

PeriodicTask::PeriodicTask(std::string name,
                           std::chrono::milliseconds interval,
                           std::function<absl::Status()> task)
    : name_(std::move(name)),
      interval_(interval),
      task_(std::move(task)),
      thread_([this] { Loop(); }) {}

PeriodicTask::~PeriodicTask() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    stopped_.NotifyAll();
  }
  thread_.join();
}

void PeriodicTask::Loop() {
  while (WaitForNext()) {
    if (const absl::Status status = Guarded(task_); !status.ok()) {
      IfMemory([&] {
        spdlog::warn(
            "event=not_done task={} error=\"{}\"", name_, LogText(status));
      });
    }
  }
}

bool PeriodicTask::WaitForNext() {
  const auto next = std::chrono::steady_clock::now() + interval_;
  const MutexLock lock(mutex_);
  while (!stopping_ && stopped_.WaitUntil(mutex_, next)) {
  }
  return !stopping_;
}

}  // namespace modbound
