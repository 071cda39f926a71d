#include "server/auth/open_count.h"

namespace modbound {

OpenCount::Place OpenCount::Open(const std::string& owner) {
  {
    const MutexLock lock(counts_->mutex);
    int& open = counts_->open[owner];
    if (open >= limit_) {
      return nullptr;
    }
    ++open;
  }
  // The pointer itself is never read; it must only not be null.
  return Place(counts_.get(), [counts = counts_, owner](void*) {
    const MutexLock lock(counts->mutex);
    const auto found = counts->open.find(owner);
    if (--found->second == 0) {
      counts->open.erase(found);
    }
  });
}

}  // namespace modbound
