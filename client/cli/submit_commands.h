#ifndef MODBOUND_CLIENT_CLI_SUBMIT_COMMANDS_H_
#define MODBOUND_CLIENT_CLI_SUBMIT_COMMANDS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/session.h"

namespace modbound {

// Flags of `run` and `submit`.
struct SubmitFlags {
  std::string kind;
  std::string spec;  // a file or "-"; "" = all defaults
  std::vector<std::string> inputs;
  std::vector<std::string> from;
  std::string request_id;  // "" = a random one
  std::vector<std::string> labels;
  std::optional<int> priority;
  std::string deadline;
  bool no_cache = false;
  bool pinned = false;
  std::string out;  // of `run` only
};

// modbound submit: returns as soon as the job is on the server's disk.
absl::Status Submit(Session& session, const SubmitFlags& flags);

// modbound run: submits, waits, downloads.
absl::Status Run(Session& session, const SubmitFlags& flags);

// modbound reproduce-job: has a job run again, waits, prints the new job. An
// error with kExitJobFailed when the results differ or there is nothing left to
// compare with.
absl::Status Reproduce(Session& session, const std::string& id);

// modbound run-graph: many jobs that take each other's outputs. Tells every
// node's job at once, waits for all of them and leaves their results in
// OUT/NODE; a result that cannot be written does not keep it from the others.
// `file`: proto JSON of SubmitGraphRequest, or "-".
// Errors: the gravest of all, by exit code.
absl::Status RunGraph(Session& session,
                      const std::string& file,
                      const std::string& out);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_SUBMIT_COMMANDS_H_
