#ifndef MODBOUND_CLIENT_CLI_JOB_COMMANDS_H_
#define MODBOUND_CLIENT_CLI_JOB_COMMANDS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/session.h"

// Commands about jobs that are there already.
namespace modbound {

struct ListFlags {
  std::vector<std::string> states;
  std::vector<std::string> kinds;
  std::vector<std::string> labels;
  int limit = 0;  // 0 = all
};
absl::Status List(Session& session, const ListFlags& flags);

absl::Status Get(Session& session, const std::string& id);

// Every change until the end; the exit code is the job's.
absl::Status WatchJob(Session& session, const std::string& id);

struct ResultFlags {
  std::string id;
  std::string out;
  bool inputs = false;
};
absl::Status Result(Session& session, const ResultFlags& flags);

// modbound explain: why a job is where it is, and when it may start.
absl::Status Explain(Session& session, const std::string& id);

absl::Status Cancel(Session& session, const std::string& id);
absl::Status Delete(Session& session, const std::string& id);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_JOB_COMMANDS_H_
