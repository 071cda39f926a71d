#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/atomic_file.h"
#include "client/cli/error.h"
#include "client/cli/graph_order.h"
#include "client/cli/interrupt.h"
#include "client/cli/json_text.h"
#include "client/cli/result.h"
#include "client/cli/sha256.h"
#include "client/cli/spec_json.h"
#include "client/cli/submit_commands.h"
#include "client/cli/wait.h"

namespace modbound {
namespace {

absl::StatusOr<v1::SubmitGraphRequest> ReadGraph(const std::string& file) {
  MODBOUND_ASSIGN_OR_RETURN(const std::string text, ReadText(file));
  absl::StatusOr<Json> json = ParseJson(text);
  if (!json.ok()) {
    return WithContext(json.status(), file);
  }
  v1::SubmitGraphRequest request;
  MODBOUND_RETURN_IF_ERROR(MessageFromJson(*json, "", request));
  if (request.request_id().empty()) {
    request.set_request_id(RandomUuid());
  }
  return request;
}

// The jobs in the order in which they are waited for, and their names.
struct Graph {
  std::vector<v1::Job> jobs;
  std::vector<std::string> names;
  std::vector<std::string> titles;
};

absl::StatusOr<Graph> SubmitGraph(Session& session, const std::string& file) {
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
    graph.jobs.push_back(response.jobs(index));
    graph.names.push_back(request.nodes(index).name());
    graph.titles.push_back(absl::StrCat("[",
                                        graph.names.size(),
                                        "/",
                                        request.nodes_size(),
                                        "] ",
                                        graph.names.back(),
                                        " "));
  }
  return graph;
}

}  // namespace

absl::Status RunGraph(Session& session,
                      const std::string& file,
                      const std::string& out) {
  if (!out.empty()) {
    MODBOUND_RETURN_IF_ERROR(MakeFolder(out));
  }
  MODBOUND_ASSIGN_OR_RETURN(Graph graph, SubmitGraph(session, file));
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  Interrupt interrupt;
  absl::Status worst;
  const auto on_end = [&](size_t i, const v1::Job& job) {
    session.Print(job,
                  absl::StrCat(job.id(),
                               "  ",
                               v1::JobState::State_Name(job.state()),
                               "  ",
                               graph.names[i],
                               "\n"));
    const absl::Status end = EndOf(job);
    if (ExitCodeOf(end) > ExitCodeOf(worst)) {
      worst = WithContext(end, graph.names[i]);
    }
    return out.empty() ? absl::OkStatus()
                       : WriteResult(*connection,
                                     job,
                                     out + "/" + graph.names[i],
                                     false,
                                     interrupt);
  };
  Wait wait(session, interrupt, out);
  MODBOUND_RETURN_IF_ERROR(wait.ForAll(graph.jobs, graph.titles, on_end));
  return worst;
}

}  // namespace modbound
