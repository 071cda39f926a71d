#ifndef MODBOUND_SERVER_JOBS_JOB_ID_H_
#define MODBOUND_SERVER_JOBS_JOB_ID_H_

#include <cstdint>
#include <string>

#include "core/base/mutex.h"

namespace modbound {

// Makes job ids: "j", eleven base-32 digits of the submission time in
// microseconds, six random ones; digits 0-9 a-z without i l o u, so that text
// order is time order. Each id is greater than all before it, also when the
// clock goes back. Threads: safe from any thread.
class JobIdMaker {
 public:
  // `last_id`: the greatest id in the store, "" when there is none.
  explicit JobIdMaker(const std::string& last_id);
  std::string NewId(int64_t wall_micros);

 private:
  Mutex mutex_;
  int64_t last_micros_ ABSL_GUARDED_BY(mutex_);
};

// 128 random bits in hexadecimal: names an attempt, and nobody can guess it.
std::string NewAttemptToken();

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_JOB_ID_H_
