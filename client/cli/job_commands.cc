#include "client/cli/job_commands.h"

#include <algorithm>
#include <cstdio>

#include "client/cli/error.h"
#include "client/cli/inputs.h"
#include "client/cli/interrupt.h"
#include "client/cli/nearest_name.h"
#include "client/cli/result.h"
#include "client/cli/spec_json.h"
#include "client/cli/text_output.h"
#include "client/cli/wait.h"
#include "google/protobuf/util/time_util.h"

namespace modbound {
namespace {

constexpr int kMostPage = 1000;

absl::StatusOr<v1::JobState::State> ParseState(const std::string& word) {
  v1::JobState::State state = v1::JobState::UNSPECIFIED;
  if (v1::JobState::State_Parse(word, &state) && state != 0) {
    return state;
  }
  std::vector<std::string> words;
  for (int i = 1; i < v1::JobState::State_ARRAYSIZE; ++i) {
    words.push_back(v1::JobState::State_Name(i));
  }
  return UsageError("no state \"" + word +
                    "\"; nearest: " + NearestName(word, words));
}

absl::StatusOr<v1::ListJobsRequest::Filter> ReadFilter(const ListFlags& flags) {
  v1::ListJobsRequest::Filter filter;
  for (const std::string& word : flags.states) {
    MODBOUND_ASSIGN_OR_RETURN(const v1::JobState::State state,
                              ParseState(word));
    filter.add_states(state);
  }
  const std::vector<std::string> kinds = KindNames();
  for (const std::string& kind : flags.kinds) {
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
      return UsageError("no kind \"" + kind +
                        "\"; nearest: " + NearestName(kind, kinds));
    }
    filter.add_kinds(kind);
  }
  for (const std::string& text : flags.labels) {
    MODBOUND_ASSIGN_OR_RETURN(const Assignment label,
                              ParseAssignment("--label", text));
    (*filter.mutable_labels())[label.key] = label.value;
  }
  return filter;
}

// A line a change, for someone who reads along.
void PrintEvent(const Session& session,
                const v1::JobEvent& event,
                const v1::Job& job) {
  if (session.json) {
    session.PrintJson(event);
  } else if (!event.has_progress()) {
    session.Print(event,
                  google::protobuf::util::TimeUtil::ToString(event.time()) +
                      "  " + v1::JobState::State_Name(job.state()) + "\n");
  }
}

}  // namespace

absl::Status List(Session& session, const ListFlags& flags) {
  v1::ListJobsRequest request;
  MODBOUND_ASSIGN_OR_RETURN(*request.mutable_filter(), ReadFilter(flags));
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  std::vector<v1::Job> jobs;
  const auto wanted = static_cast<size_t>(flags.limit);
  do {
    const size_t left = wanted == 0 ? kMostPage : wanted - jobs.size();
    request.set_page_size(static_cast<int>(std::min<size_t>(left, kMostPage)));
    MODBOUND_ASSIGN_OR_RETURN(
        const v1::ListJobsResponse page,
        connection->Call(
            connection->jobs(), &v1::JobService::Stub::ListJobs, request));
    jobs.insert(jobs.end(), page.jobs().begin(), page.jobs().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() &&
           (wanted == 0 || jobs.size() < wanted));
  if (!session.json) {
    session.Print(request, JobTable(jobs));
    return absl::OkStatus();
  }
  for (const v1::Job& job : jobs) {
    session.PrintJson(job);
  }
  return absl::OkStatus();
}

absl::Status Get(Session& session, const std::string& id) {
  MODBOUND_ASSIGN_OR_RETURN(const v1::Job job, session.GetJob(id));
  session.PrintJob(job);
  return absl::OkStatus();
}

absl::Status WatchJob(Session& session, const std::string& id) {
  MODBOUND_ASSIGN_OR_RETURN(v1::Job job, session.GetJob(id));
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  Interrupt interrupt;
  ProgressLine progress;
  // From the first event on, also for a job that has ended: its snapshot is
  // what there is to see.
  job.set_state(v1::JobState::UNSPECIFIED);
  Watch watch(*connection, job, interrupt, progress);
  watch.set_on_event([&](const v1::JobEvent& event, const v1::Job& now) {
    if (!event.has_progress()) {
      progress.Clear();
    }
    PrintEvent(session, event, now);
  });
  const absl::Status status = watch.ToEnd();
  progress.Clear();
  if (ExitCodeOf(status) == kExitInterrupted) {
    return InterruptedError("job " + id + " goes on: modbound watch " + id);
  }
  MODBOUND_RETURN_IF_ERROR(status);
  return EndOf(watch.job());
}

absl::Status Result(Session& session, const ResultFlags& flags) {
  MODBOUND_ASSIGN_OR_RETURN(const v1::Job job, session.GetJob(flags.id));
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  if (!HasEnded(job.state())) {
    return MakeError(absl::StatusCode::kFailedPrecondition,
                     "WRONG_STATE",
                     "",
                     "job " + job.id() + " is " +
                         v1::JobState::State_Name(job.state()) +
                         ": wait with modbound watch " + job.id());
  }
  Interrupt interrupt;
  MODBOUND_RETURN_IF_ERROR(
      WriteResult(*connection, job, flags.out, flags.inputs, interrupt));
  session.PrintJob(job);
  return EndOf(job);
}

absl::Status Explain(Session& session, const std::string& id) {
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  v1::ExplainJobRequest request;
  request.set_id(id);
  MODBOUND_ASSIGN_OR_RETURN(
      const v1::Explanation explanation,
      connection->Call(
          connection->jobs(), &v1::JobService::Stub::ExplainJob, request));
  session.Print(explanation, ExplanationText(id, explanation));
  return absl::OkStatus();
}

absl::Status Cancel(Session& session, const std::string& id) {
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  v1::CancelJobRequest request;
  request.set_id(id);
  MODBOUND_ASSIGN_OR_RETURN(
      const v1::Job job,
      connection->Call(
          connection->jobs(), &v1::JobService::Stub::CancelJob, request));
  session.PrintJob(job);
  return absl::OkStatus();
}

absl::Status Delete(Session& session, const std::string& id) {
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  v1::DeleteJobRequest request;
  request.set_id(id);
  MODBOUND_ASSIGN_OR_RETURN(
      const v1::DeleteJobResponse response,
      connection->Call(
          connection->jobs(), &v1::JobService::Stub::DeleteJob, request));
  session.Print(response, "deleted " + id + "\n");
  return absl::OkStatus();
}

}  // namespace modbound
