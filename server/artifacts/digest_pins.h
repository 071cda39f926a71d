#ifndef MODBOUND_SERVER_ARTIFACTS_DIGEST_PINS_H_
#define MODBOUND_SERVER_ARTIFACTS_DIGEST_PINS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "core/base/mutex.h"

namespace modbound {

// Keeps the file of a digest while it or a copy lives.
using DigestPin = std::shared_ptr<const void>;

// Digests that are being stored: their file is there (or soon), their row is
// not yet. Without pins a removal of the same digest could delete the file
// between the two. Threads: safe from any thread. Locks: `unpinned` and the
// actions of IfFree run under its mutex, and so may take only locks under which
// nothing here is called (the queue of the store's writer).
class DigestPins : public std::enable_shared_from_this<DigestPins> {
 public:
  using Unpinned = std::function<void(const std::string& digest)>;

  // `unpinned` is called when the last pin of a digest went: its row may never
  // have come.
  explicit DigestPins(Unpinned unpinned) : unpinned_(std::move(unpinned)) {}
  // From here on `unpinned` is not called.
  void Close();

  DigestPin Pin(const std::string& digest);
  // Calls `action` unless the digest is pinned; no pin is given meanwhile.
  void IfFree(const std::string& digest, const std::function<void()>& action);

 private:
  void Unpin(const std::string& digest);

  Mutex mutex_;
  Unpinned unpinned_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> counts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_ARTIFACTS_DIGEST_PINS_H_
