#include "client/cli/wait.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "client/cli/error.h"
#include "client/cli/result.h"

namespace modbound {
namespace {

// How to come back to the jobs from `first` on.
std::string ComeBackText(const std::vector<Awaited>& jobs, size_t first) {
  const v1::Job& job = jobs[first].job;
  const std::string& out = jobs[first].out;
  const bool ended = HasEnded(job.state());
  const size_t others = jobs.size() - first - 1;
  std::string text = absl::StrCat("job ", job.id());
  if (ended) {
    absl::StrAppend(&text, " has ended");
  }
  if (others > 0) {
    absl::StrAppend(&text, ended ? ", " : " and ", others, " more");
  }
  if (!ended || others > 0) {
    absl::StrAppend(&text, others > 0 ? " go on" : " goes on");
  }
  absl::StrAppend(&text, ": ");
  if (!ended) {
    absl::StrAppend(&text, "modbound watch ", job.id(), "; ");
  }
  absl::StrAppend(&text,
                  "modbound result ",
                  job.id(),
                  " --out ",
                  out.empty() ? "DIR" : out);
  return others > 0 ? text + "; modbound list" : text;
}

}  // namespace

absl::Status Wait::ForAll(std::vector<Awaited>& jobs,
                          const std::function<absl::Status(size_t)>& on_end) {
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, session_.Connect());
  for (size_t i = 0; i < jobs.size(); ++i) {
    Watch watch(*connection, jobs[i].job, interrupt_, progress_);
    watch.set_title(jobs[i].title);
    const absl::Status status = Repeat(jobs, i, [&] {
      absl::Status end = watch.ToEnd();
      jobs[i].job = watch.job();
      return end;
    });
    progress_.Clear();
    if (absl::IsUnavailable(status) && ReasonOf(status).empty()) {
      return WithContext(status, ComeBackText(jobs, i));
    }
    MODBOUND_RETURN_IF_ERROR(status);
    MODBOUND_RETURN_IF_ERROR(Repeat(jobs, i, [&] { return on_end(i); }));
  }
  return absl::OkStatus();
}

absl::Status Wait::Repeat(const std::vector<Awaited>& jobs,
                          size_t first,
                          const std::function<absl::Status()>& step) {
  while (true) {
    const absl::Status status = step();
    if (ExitCodeOf(status) != kExitInterrupted) {
      return status;
    }
    MODBOUND_RETURN_IF_ERROR(OnInterrupt(jobs, first));
  }
}

absl::Status Wait::OnInterrupt(const std::vector<Awaited>& jobs, size_t first) {
  if (cancelling_) {
    return InterruptedError("left before the cancellation was through: " +
                            ComeBackText(jobs, first));
  }
  if (first + 1 == jobs.size() && HasEnded(jobs[first].job.state())) {
    return InterruptedError(ComeBackText(jobs, first));  // nothing to cancel
  }
  constexpr std::chrono::seconds kSecondPress{3};
  progress_.Note("detaching; Ctrl-C again cancels");
  interrupt_.WaitFor(kSecondPress);
  if (!interrupt_.Take()) {
    return InterruptedError(ComeBackText(jobs, first));
  }
  cancelling_ = true;
  progress_.Note("cancelling");
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, session_.Connect());
  // Last first: a job whose inputs come from another is CANCELLED itself rather
  // than SKIPPED after that one.
  for (size_t i = jobs.size(); i > first; --i) {
    v1::CancelJobRequest request;
    request.set_id(jobs[i - 1].job.id());
    const absl::StatusOr<v1::Job> job = connection->Call(
        connection->jobs(), &v1::JobService::Stub::CancelJob, request);
    MODBOUND_RETURN_IF_ERROR(job.status());
  }
  return absl::OkStatus();
}

}  // namespace modbound
