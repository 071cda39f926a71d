#include "server/jobs/job_view.h"

#include <optional>
#include <utility>

namespace modbound {
namespace {

v1::Job Whole(v1::Job job) { return job; }

v1::Job Basic(v1::Job job) {
  LeaveOutDetails(job);
  return job;
}

v1::Job IdAndState(v1::Job job) {
  v1::Job little;
  little.set_id(std::move(*job.mutable_id()));
  little.set_state(job.state());
  return little;
}

v1::Job NameAndState(v1::Job job) {
  v1::Job little;
  little.set_kind(std::move(*job.mutable_kind()));
  little.set_node(std::move(*job.mutable_node()));
  little.MergeFrom(IdAndState(std::move(job)));
  return little;
}

using Shape = v1::Job (*)(v1::Job);

// Nothing when the jobs do not fit in this shape.
std::optional<v1::SubmitGraphResponse> Shaped(
    int count, const std::function<v1::Job(int)>& job_at, Shape shape) {
  v1::SubmitGraphResponse response;
  int64_t bytes = 0;
  for (int i = 0; i < count; ++i) {
    v1::Job& job = *response.add_jobs() = shape(job_at(i));
    bytes += ListedBytes(job);
    if (bytes > kMaxPageBytes) {
      return std::nullopt;
    }
  }
  return response;
}

bool Fits(const v1::Job& job) { return ListedBytes(job) <= kMaxPageBytes; }

}  // namespace

int64_t ListedBytes(const v1::Job& job) {
  constexpr int64_t kTagAndLength = 6;
  return static_cast<int64_t>(job.ByteSizeLong()) + kTagAndLength;
}

void LeaveOutDetails(v1::Job& job) {
  job.clear_spec();
  job.clear_inputs();
  job.clear_summary();
}

v1::Job FitIntoMessage(v1::Job job) {
  if (!Fits(job)) {
    job.clear_inputs();
    if (job.has_provenance()) {
      job.mutable_provenance()->clear_input_digests();
    }
  }
  if (!Fits(job)) {
    job.clear_spec();
  }
  if (!Fits(job)) {
    job.clear_summary();
  }
  return job;
}

v1::SubmitGraphResponse SubmitResponse(
    int count, const std::function<v1::Job(int)>& job_at) {
  for (const Shape shape : {Whole, Basic, NameAndState}) {
    if (auto response = Shaped(count, job_at, shape)) {
      return *std::move(response);
    }
  }
  v1::SubmitGraphResponse response;
  for (int i = 0; i < count; ++i) {
    *response.add_jobs() = IdAndState(job_at(i));
  }
  return response;
}

}  // namespace modbound
