#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/atomic_file.h"
#include "client/cli/download.h"
#include "client/cli/error.h"
#include "client/cli/graph_order.h"
#include "client/cli/interrupt.h"
#include "client/cli/json_text.h"
#include "client/cli/random_uuid.h"
#include "client/cli/result.h"
#include "client/cli/spec_json.h"
#include "client/cli/submit_commands.h"
#include "client/cli/text_output.h"
#include "client/cli/wait.h"

namespace modbound {
namespace {

// A node's name becomes a folder, so ".." must not come through.
absl::Status CheckNames(const v1::SubmitGraphRequest& graph) {
  for (int i = 0; i < graph.nodes_size(); ++i) {
    if (!StaysBelow(graph.nodes(i).name())) {
      const std::string field = absl::StrCat("nodes[", i, "].name");
      return MakeError(absl::StatusCode::kInvalidArgument,
                       "BAD_NAME",
                       field,
                       field + " is \"" + graph.nodes(i).name() +
                           "\", which cannot name a folder");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::SubmitGraphRequest> ReadGraph(const std::string& file) {
  MODBOUND_ASSIGN_OR_RETURN(const std::string text, ReadText(file));
  absl::StatusOr<Json> json = ParseJson(text);
  if (!json.ok()) {
    return WithContext(json.status(), file);
  }
  v1::SubmitGraphRequest request;
  MODBOUND_RETURN_IF_ERROR(MessageFromJson(*json, "", request));
  MODBOUND_RETURN_IF_ERROR(CheckNames(request));
  if (request.request_id().empty()) {
    request.set_request_id(RandomUuid());
  }
  return request;
}

// The jobs in the order in which they are waited for, and their names.
struct Graph {
  std::vector<Awaited> jobs;
  std::vector<std::string> names;
};

absl::StatusOr<Graph> SubmitGraph(Session& session,
                                  const std::string& file,
                                  const std::string& out) {
  MODBOUND_ASSIGN_OR_RETURN(const v1::SubmitGraphRequest request,
                            ReadGraph(file));
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  MODBOUND_ASSIGN_OR_RETURN(
      const v1::SubmitGraphResponse response,
      connection->Call(
          connection->jobs(), &v1::JobService::Stub::SubmitGraph, request));
  if (response.jobs_size() != request.nodes_size()) {
    return absl::InternalError("the server answered with other jobs");
  }
  Graph graph;
  for (const size_t i : OrderOfEnds(request)) {
    const auto index = static_cast<int>(i);
    const std::string& name = request.nodes(index).name();
    graph.names.push_back(name);
    const size_t place = graph.names.size();
    graph.jobs.push_back(
        {.job = response.jobs(index),
         .title = absl::StrCat(
             "[", place, "/", request.nodes_size(), "] ", name, " "),
         .out = out.empty() ? "" : absl::StrCat(out, "/", name)});
  }
  return graph;
}

// Node and id of each job, so that whoever leaves can come back: on standard
// error, or with --json the jobs themselves.
void PrintSubmitted(const Session& session, const Graph& graph) {
  Rows rows;
  for (size_t i = 0; i < graph.jobs.size(); ++i) {
    if (session.json) {
      session.PrintJson(graph.jobs[i].job);
    }
    rows.emplace_back(graph.names[i], graph.jobs[i].job.id());
  }
  if (!session.json) {
    std::fputs(AlignRows(rows).c_str(), stderr);
  }
}

// What RunGraph does as each job ends.
class GraphEnds {
 public:
  GraphEnds(Session& session,
            Connection& connection,
            Graph& graph,
            Interrupt& interrupt)
      : session_(session),
        connection_(connection),
        graph_(graph),
        interrupt_(interrupt),
        wait_(session, interrupt) {}

  // The gravest failure of all jobs and their downloads: the highest exit code.
  absl::Status WaitForAll() {
    MODBOUND_RETURN_IF_ERROR(
        wait_.ForAll(graph_.jobs, [this](size_t i) { return OnEnd(i); }));
    return gravest_;
  }

 private:
  absl::Status OnEnd(size_t i) {
    const auto& [job, title, out] = graph_.jobs[i];
    if (i == printed_) {  // not once more after a Ctrl-C
      ++printed_;
      session_.Print(job,
                     absl::StrCat(job.id(),
                                  "  ",
                                  v1::JobState::State_Name(job.state()),
                                  "  ",
                                  graph_.names[i],
                                  "\n"));
      AddFailure(EndOf(job), i, /*tell=*/false);
    }
    if (out.empty()) {
      return absl::OkStatus();
    }
    absl::Status written =
        WriteResult(connection_, job, out, false, interrupt_);
    if (ExitCodeOf(written) == kExitInterrupted) {
      return written;
    }
    AddFailure(std::move(written), i, /*tell=*/true);
    return absl::OkStatus();  // the other nodes' results are not lost by it
  }

  // Each failure to tell is one line: the gravest of all at the end, the others
  // at once. The states on standard output tell of failed jobs.
  void AddFailure(absl::Status failure, size_t i, bool tell) {
    failure = WithContext(failure, graph_.names[i]);
    if (ExitCodeOf(failure) > ExitCodeOf(gravest_)) {
      std::swap(failure, gravest_);
      tell = true;
    }
    if (tell && !failure.ok()) {
      wait_.Note(ErrorLine(failure));
    }
  }

  Session& session_;
  Connection& connection_;
  Graph& graph_;
  Interrupt& interrupt_;
  Wait wait_;
  size_t printed_ = 0;
  absl::Status gravest_;
};

}  // namespace

absl::Status RunGraph(Session& session,
                      const std::string& file,
                      const std::string& out) {
  MODBOUND_ASSIGN_OR_RETURN(NewFolder folder, NewFolder::Make(out));
  MODBOUND_ASSIGN_OR_RETURN(Graph graph, SubmitGraph(session, file, out));
  folder.Keep();
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  Interrupt interrupt;
  PrintSubmitted(session, graph);
  return GraphEnds(session, *connection, graph, interrupt).WaitForAll();
}

}  // namespace modbound
