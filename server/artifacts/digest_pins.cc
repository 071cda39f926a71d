#include "server/artifacts/digest_pins.h"

#include <utility>

#include "server/files/until_memory.h"

namespace modbound {
namespace {

// Gives its pin back when the last copy goes.
class PinOwner {
 public:
  explicit PinOwner(std::function<void()> release)
      : release_(std::move(release)) {}
  ~PinOwner() { release_(); }
  PinOwner(const PinOwner&) = delete;
  PinOwner& operator=(const PinOwner&) = delete;

 private:
  std::function<void()> release_;
};

}  // namespace

void DigestPins::Close() {
  MutexLock lock(mutex_);
  unpinned_ = nullptr;
}

DigestPin DigestPins::Pin(const std::string& digest) {
  {
    const MutexLock lock(mutex_);
    ++counts_[digest];
  }
  try {
    return std::make_shared<PinOwner>(
        [self = shared_from_this(), digest] { self->Unpin(digest); });
  } catch (...) {
    // The pin of another must not be given back by one that never was.
    Unpin(digest);
    throw;
  }
}

void DigestPins::IfFree(const std::string& digest,
                        const std::function<void()>& action) {
  MutexLock lock(mutex_);
  if (counts_.count(digest) == 0) {
    action();
  }
}

void DigestPins::Unpin(const std::string& digest) {
  MutexLock lock(mutex_);
  const auto it = counts_.find(digest);
  if (it == counts_.end() || --it->second > 0) {
    return;
  }
  counts_.erase(it);
  if (unpinned_) {
    // A destructor may not throw: what is not removed now the next sweep
    // removes.
    IfMemory([&]()
                 ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { unpinned_(digest); });
  }
}

}  // namespace modbound
