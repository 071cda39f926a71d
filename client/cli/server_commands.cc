#include "client/cli/server_commands.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/error.h"
#include "client/cli/input_file.h"
#include "client/cli/inputs.h"
#include "client/cli/text_output.h"
#include "client/cli/upload.h"
#include "google/protobuf/util/time_util.h"

namespace modbound {
namespace {

Rows InfoRows(const v1::ServerInfo& info) {
  const auto number = [](auto value) { return absl::StrCat(value); };
  return {{"version", info.version()},
          {"kernel_version", info.kernel_version()},
          {"git_hash", info.git_hash()},
          {"compiler", info.compiler()},
          {"isa", info.isa()},
          {"cores", number(info.cores())},
          {"memory_limit_bytes", number(info.memory_limit_bytes())},
          {"max_message_bytes", number(info.max_message_bytes())},
          {"max_inline_bytes", number(info.max_inline_bytes())},
          {"start_time",
           google::protobuf::util::TimeUtil::ToString(info.start_time())},
          {"owner", info.owner()}};
}

}  // namespace

absl::Status Info(Session& session) {
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  MODBOUND_ASSIGN_OR_RETURN(
      const v1::ServerInfo info,
      connection->Call(connection->server(),
                       &v1::ServerService::Stub::GetServerInfo,
                       v1::GetServerInfoRequest()));
  Rows rows = InfoRows(info);
  rows.insert(rows.begin(), {"server", session.server});
  session.Print(info, AlignRows(rows));
  return absl::OkStatus();
}

absl::Status Kinds(Session& session, const std::string& kind) {
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  v1::ListKindsRequest request;
  request.set_kind(kind);
  MODBOUND_ASSIGN_OR_RETURN(
      const v1::ListKindsResponse response,
      connection->Call(
          connection->server(), &v1::ServerService::Stub::ListKinds, request));
  if (session.json) {
    for (const v1::KindInfo& info : response.kinds()) {
      session.PrintJson(info);
    }
  } else if (kind.empty() || response.kinds().empty()) {
    session.Print(response, KindTable(response));
  } else {
    session.Print(response, KindText(response.kinds(0)));
  }
  return absl::OkStatus();
}

absl::Status Upload(Session& session, const std::string& file) {
  MODBOUND_ASSIGN_OR_RETURN(const InputFile input, OpenInputFile(file));
  PrintNote(input);
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  MODBOUND_ASSIGN_OR_RETURN(const v1::Array array,
                            UploadArray(*connection, input.array));
  session.Print(array, array.artifact() + "  " + ArrayText(array) + "\n");
  return absl::OkStatus();
}

}  // namespace modbound
