#include "client/cli/session.h"

#include <cstdio>

#include "client/cli/error.h"
#include "client/cli/json_output.h"
#include "client/cli/text_output.h"

namespace modbound {
namespace {

void Put(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  // A reader at the other end of a pipe sees every line at once.
  std::fflush(stdout);
}

}  // namespace

absl::StatusOr<Connection*> Session::Connect() {
  if (connection_ == nullptr) {
    MODBOUND_ASSIGN_OR_RETURN(connection_,
                              Connection::Open(server, identity, patience()));
  }
  return connection_.get();
}

absl::StatusOr<v1::Job> Session::GetJob(const std::string& id) {
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, Connect());
  v1::GetJobRequest request;
  request.set_id(id);
  return connection->Call(
      connection->jobs(), &v1::JobService::Stub::GetJob, request);
}

void Session::PrintJson(const google::protobuf::Message& message) const {
  Put(ToJson(message).dump(-1, ' ', false, Json::error_handler_t::replace) +
      "\n");
}

void Session::PrintJob(const v1::Job& job) const { Print(job, JobText(job)); }

void Session::Print(const google::protobuf::Message& message,
                    const std::string& text) const {
  if (json) {
    PrintJson(message);
  } else {
    Put(text);
  }
}

}  // namespace modbound
