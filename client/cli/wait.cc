#include "client/cli/wait.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/error.h"
#include "client/cli/result.h"

namespace modbound {

Wait::Wait(Session& session, Interrupt& interrupt, std::string out)
    : session_(session), interrupt_(interrupt), out_(std::move(out)) {}

absl::Status Wait::ForAll(
    std::vector<v1::Job>& jobs,
    const std::vector<std::string>& titles,
    const std::function<absl::Status(size_t, const v1::Job&)>& on_end) {
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, session_.Connect());
  for (size_t i = 0; i < jobs.size(); ++i) {
    Watch watch(
        *connection, jobs[i], session_.patience(), interrupt_, progress_);
    if (!titles.empty()) {
      watch.set_title(titles[i]);
    }
    absl::Status status = watch.ToEnd();
    while (ExitCodeOf(status) == kExitInterrupted) {
      jobs[i] = watch.job();
      MODBOUND_RETURN_IF_ERROR(OnInterrupt(jobs, i));
      status = watch.ToEnd();
    }
    jobs[i] = watch.job();
    progress_.Clear();
    if (absl::IsUnavailable(status) && ReasonOf(status).empty()) {
      return WithContext(status, DetachText(jobs, i));
    }
    MODBOUND_RETURN_IF_ERROR(status);
    MODBOUND_RETURN_IF_ERROR(on_end(i, jobs[i]));
  }
  return absl::OkStatus();
}

absl::Status Wait::OnInterrupt(const std::vector<v1::Job>& jobs, size_t first) {
  if (cancelling_) {
    return InterruptedError("left before the cancellation was through: " +
                            DetachText(jobs, first));
  }
  constexpr std::chrono::seconds kSecondPress{3};
  progress_.Note("detaching; Ctrl-C again cancels");
  const int presses = interrupt_.count();
  // Both presses may have come before the first was noticed.
  if (presses < 2 && !interrupt_.WaitBeyond(presses, kSecondPress)) {
    return InterruptedError(DetachText(jobs, first));
  }
  cancelling_ = true;
  progress_.Note("cancelling");
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, session_.Connect());
  // Last first: a job whose inputs come from another is CANCELLED itself rather
  // than SKIPPED after that one.
  for (size_t i = jobs.size(); i > first; --i) {
    v1::CancelJobRequest request;
    request.set_id(jobs[i - 1].id());
    const absl::StatusOr<v1::Job> job = connection->Call(
        connection->jobs(), &v1::JobService::Stub::CancelJob, request);
    MODBOUND_RETURN_IF_ERROR(job.status());
  }
  return absl::OkStatus();
}

std::string Wait::DetachText(const std::vector<v1::Job>& jobs,
                             size_t first) const {
  const std::string& id = jobs[first].id();
  const size_t others = jobs.size() - first - 1;
  return absl::StrCat("job ",
                      id,
                      others == 0 ? "" : absl::StrCat(" and ", others, " more"),
                      others == 0 ? " goes on" : " go on",
                      ": modbound watch ",
                      id,
                      "; modbound result ",
                      id,
                      " --out ",
                      out_.empty() ? "DIR" : out_);
}

}  // namespace modbound
