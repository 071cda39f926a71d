#include "server/jobs/explain_job.h"

#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/jobs/job_rows.h"
#include "server/jobs/job_time.h"

namespace modbound {
namespace {

std::string PlaceText(const v1::Explanation& explanation) {
  std::string text =
      explanation.position() == 1
          ? ", and is next"
          : absl::StrCat(", behind ", explanation.position() - 1, " others");
  if (explanation.has_eta()) {
    absl::StrAppend(
        &text, "; starts in about ", explanation.eta().seconds(), " s");
  }
  return text;
}

}  // namespace

absl::Status ExplainNeeds(Connection& connection,
                          const v1::Job& job,
                          v1::Explanation& explanation) {
  if (explanation.state() != v1::JobState::WAITING) {
    return absl::OkStatus();
  }
  MODBOUND_ASSIGN_OR_RETURN(
      const std::vector<std::string> needs,
      TextColumn(connection,
                 "SELECT d.needs FROM dependency d JOIN job n ON n.id = "
                 "d.needs WHERE d.job = ?1 AND n.state < 4 ORDER BY d.needs "
                 "LIMIT 100",
                 job.id()));
  explanation.mutable_needs()->Assign(needs.begin(), needs.end());
  explanation.set_cause(v1::Wait::NEEDS);
  return absl::OkStatus();
}

void ExplainQueued(const Scheduler::Why& why, v1::Explanation& explanation) {
  explanation.set_cause(why.cause);
  explanation.set_equal_job(why.equal_job);
  explanation.set_position(why.position);
  if (why.eta_seconds >= 0) {
    *explanation.mutable_eta() = ToDuration(std::ceil(why.eta_seconds));
  }
}

std::string WaitText(const v1::Explanation& explanation) {
  switch (explanation.cause()) {
    case v1::Wait::NEEDS:
      return absl::StrCat("waits for ",
                          explanation.needs_size() == 100 ? "at least " : "",
                          explanation.needs_size(),
                          " jobs whose outputs it takes");
    case v1::Wait::CORES:
      return "waits for a core" + PlaceText(explanation);
    case v1::Wait::MEMORY:
      return "waits for memory that running jobs hold" + PlaceText(explanation);
    case v1::Wait::EQUAL_JOB:
      return "waits for the result of an equal job that runs";
    case v1::Wait::OWNER_LIMIT:
      return "waits because its owner runs as many jobs as one owner may" +
             PlaceText(explanation);
    case v1::Wait::SUSPECT:
      return "waits for another job during which the server came to an end "
             "before: such jobs run one at a time";
    case v1::Wait::MACHINE:
      return "waits because the machine was short of disk, memory, threads or "
             "descriptors; the server tries again within seconds";
    case v1::Wait::STARTING:
      return "is about to start";
    default:
      return explanation.state() == v1::JobState::RUNNING ? "runs"
                                                          : "has ended";
  }
}

}  // namespace modbound
