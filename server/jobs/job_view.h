#ifndef MODBOUND_SERVER_JOBS_JOB_VIEW_H_
#define MODBOUND_SERVER_JOBS_JOB_VIEW_H_

#include <cstdint>

#include "modbound/v1/job.pb.h"

namespace modbound {

// Most bytes of an answer that holds several jobs, below the 1 MiB that a
// message may have.
inline constexpr int64_t kMaxPageBytes = (int64_t{1} << 20) - (16 << 10);

// Bytes that a job takes in a list.
inline int64_t ListedBytes(const v1::Job& job) {
  constexpr int64_t kTagAndLength = 6;
  return static_cast<int64_t>(job.ByteSizeLong()) + kTagAndLength;
}

// v1::ListJobsRequest::BASIC.
inline void LeaveOutDetails(v1::Job& job) {
  job.clear_spec();
  job.clear_inputs();
  job.clear_summary();
}

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_JOB_VIEW_H_
