#ifndef MODBOUND_SERVER_JOBS_OPEN_JOB_LIMIT_H_
#define MODBOUND_SERVER_JOBS_OPEN_JOB_LIMIT_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "server/store/database.h"

namespace modbound {

// Jobs of one owner that have not ended. Counts them only when those counted
// last and all accepted since might be too many: a long queue must not make
// every submit longer. For the store's writer thread alone.
class OpenJobLimit {
 public:
  // `most`: JobQueueOptions::max_open_per_owner, 0 = no limit.
  explicit OpenJobLimit(int64_t most) : most_(most) {}

  // Before `more` jobs of `owner` are inserted, in the same change: of many
  // submits at once none may pass the limit. Errors: kResourceExhausted
  // QUOTA_EXCEEDED; those of the store.
  absl::Status Take(Connection& connection,
                    const std::string& owner,
                    int64_t more);
  // A change failed, or its commit did: what was counted in it may have been
  // undone.
  void Forget(const std::string& owner) { at_most_.erase(owner); }

 private:
  const int64_t most_;
  // Never less than what is open.
  std::map<std::string, int64_t> at_most_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_OPEN_JOB_LIMIT_H_
