#ifndef MODBOUND_SERVER_JOBS_JOB_VIEW_H_
#define MODBOUND_SERVER_JOBS_JOB_VIEW_H_

#include <cstdint>
#include <functional>

#include "modbound/v1/job.pb.h"

// What answers show of jobs, so that no message passes 1 MiB.
namespace modbound {

// Most bytes of an answer that holds jobs, below the 1 MiB that a message may
// have.
inline constexpr int64_t kMaxPageBytes = (int64_t{1} << 20) - (16 << 10);
// Most bytes of a job as it is stored at submit: leaves as much again for what
// its end brings.
inline constexpr int64_t kMaxSubmittedBytes = kMaxPageBytes / 2;

// Bytes that a job takes in a list.
int64_t ListedBytes(const v1::Job& job);

// v1::ListJobsRequest::BASIC.
void LeaveOutDetails(v1::Job& job);

// A job that is an answer by itself. One that would pass kMaxPageBytes loses
// inputs and their digests, then spec, then summary, as far as needed.
v1::Job FitIntoMessage(v1::Job job);

// The answer to a submit of `count` jobs, which `job_at` gives by their index
// (more than once). Whole jobs when they fit, else as BASIC, else id, kind,
// state and node, else id and state: that fits for the most jobs of a graph.
v1::SubmitGraphResponse SubmitResponse(
    int count, const std::function<v1::Job(int)>& job_at);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_JOB_VIEW_H_
