#include "client/cli/watch.h"

#include <utility>

#include "client/cli/error.h"
#include "client/cli/result.h"

namespace modbound {

void ApplyEvent(const v1::JobEvent& event, v1::Job& job) {
  switch (event.event_case()) {
    case v1::JobEvent::kSnapshot:
      job = event.snapshot();
      break;
    case v1::JobEvent::kStateChange:
      job.set_state(event.state_change().state());
      job.set_attempts(event.state_change().attempt());
      if (event.state_change().has_error()) {
        *job.mutable_error() = event.state_change().error();
      }
      break;
    case v1::JobEvent::kProgress:
      *job.mutable_progress() = event.progress();
      break;
    case v1::JobEvent::EVENT_NOT_SET:
      break;
  }
}

Watch::Watch(Connection& connection,
             v1::Job job,
             Interrupt& interrupt,
             ProgressLine& progress)
    : connection_(connection),
      job_(std::move(job)),
      interrupt_(interrupt),
      progress_(progress),
      backoff_(kMostStreamPause),
      outage_(connection.patience()) {}

absl::Status Watch::ToEnd() {
  while (true) {
    // Events tell of the end, but not of the outputs. A lost server is looked
    // for by a plain call: a stream without news would not tell that it is
    // back.
    const bool ended = HasEnded(job_.state());
    absl::Status status =
        ended || outage_.lasts() ? Refresh() : absl::OkStatus();
    if (ended && status.ok()) {
      return status;
    }
    if (status.ok() && !HasEnded(job_.state())) {
      status = ReadEvents();
    }
    if (interrupt_.Take()) {
      return InterruptedError("interrupted");
    }
    MODBOUND_RETURN_IF_ERROR(Recover(status));
    const bool wait = !HasEnded(job_.state()) || outage_.lasts();
    if (wait && interrupt_.WaitFor(backoff_.Next()) && interrupt_.Take()) {
      return InterruptedError("interrupted");
    }
  }
}

absl::Status Watch::ReadEvents() {
  grpc::ClientContext context;
  const Interrupt::Guard guard(interrupt_, context);
  v1::WatchJobRequest request;
  request.set_id(job_.id());
  request.set_resume_token(resume_token_);
  const auto reader = connection_.jobs().WatchJob(&context, request);
  v1::JobEvent event;
  while (reader->Read(&event)) {
    backoff_.Reset();
    resume_token_ = event.resume_token();
    ApplyEvent(event, job_);
    if (on_event_) {
      on_event_(event, job_);
    }
    progress_.Show(title_ + ProgressText(job_), !event.has_progress());
  }
  return connection_.Explain(reader->Finish());
}

absl::Status Watch::Recover(const absl::Status& status) {
  if (ReasonOf(status) == "BAD_TOKEN" && !resume_token_.empty()) {
    resume_token_.clear();  // a snapshot comes instead
    return absl::OkStatus();
  }
  if (status.ok()) {
    return status;  // closed without an end: as after a restart
  }
  if (!IsBrokenStream(status)) {
    return status;
  }
  if (!outage_.lasts()) {
    progress_.Note("connection to the server lost; job " + job_.id() +
                   " is safe, trying again");
  }
  return outage_.MayLast() ? absl::OkStatus() : status;
}

absl::Status Watch::Refresh() {
  grpc::ClientContext context;
  const Interrupt::Guard guard(interrupt_, context);
  constexpr std::chrono::seconds kCallTime{10};
  context.set_deadline(std::chrono::system_clock::now() + kCallTime);
  v1::GetJobRequest request;
  request.set_id(job_.id());
  v1::Job job;
  const grpc::Status status =
      connection_.jobs().GetJob(&context, request, &job);
  if (!status.ok()) {
    return connection_.Explain(status);
  }
  job_ = std::move(job);
  if (outage_.lasts()) {
    progress_.Note("connected to the server again");
    outage_.End();
    backoff_.Reset();
  }
  return absl::OkStatus();
}

}  // namespace modbound
