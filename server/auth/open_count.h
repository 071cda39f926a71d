#ifndef MODBOUND_SERVER_AUTH_OPEN_COUNT_H_
#define MODBOUND_SERVER_AUTH_OPEN_COUNT_H_

#include <map>
#include <memory>
#include <string>

#include "core/base/mutex.h"

namespace modbound {

// Counts what each owner has open, up to a limit. Threads: safe from any.
class OpenCount {
 public:
  // Holds one place until it is dropped; may outlive the OpenCount.
  using Place = std::shared_ptr<void>;

  explicit OpenCount(int limit) : limit_(limit) {}
  // Nothing when the owner has `limit` open.
  Place Open(const std::string& owner);
  int limit() const { return limit_; }

 private:
  struct Counts {
    Mutex mutex;
    std::map<std::string, int> open ABSL_GUARDED_BY(mutex);
  };
  const int limit_;
  const std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_AUTH_OPEN_COUNT_H_
