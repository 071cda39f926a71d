#include "server/auth/rate_limit.h"

#include <algorithm>

namespace modbound {
namespace {

constexpr std::size_t kMostNames = 10000;

}  // namespace

bool RateLimit::Take(const std::string& name, Time now) {
  const MutexLock lock(mutex_);
  auto found = buckets_.find(name);
  if (found == buckets_.end()) {
    if (buckets_.size() >= kMostNames) {
      ForgetFull(now);
    }
    if (buckets_.size() >= kMostNames) {
      return false;  // more names at once than anybody honest has
    }
    found = buckets_.emplace(name, Bucket{burst_, now}).first;
  }
  Bucket& bucket = found->second;
  bucket.left = LeftAt(bucket, now);
  bucket.since = std::max(bucket.since, now);
  if (bucket.left < 1) {
    return false;
  }
  bucket.left -= 1;
  return true;
}

std::size_t RateLimit::num_names() const {
  const MutexLock lock(mutex_);
  return buckets_.size();
}

double RateLimit::LeftAt(const Bucket& bucket, Time now) const {
  const std::chrono::duration<double> passed =
      std::max(now, bucket.since) - bucket.since;
  return std::min(burst_, bucket.left + passed.count() * per_second_);
}

void RateLimit::ForgetFull(Time now) {
  for (auto it = buckets_.begin(); it != buckets_.end();) {
    it = LeftAt(it->second, now) >= burst_ ? buckets_.erase(it) : std::next(it);
  }
}

}  // namespace modbound
