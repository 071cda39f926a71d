#include "client/cli/logs_command.h"

#include "absl/strings/str_cat.h"
#include "client/cli/connection.h"
#include "client/cli/error.h"
#include "client/cli/interrupt.h"
#include "client/cli/outage.h"

namespace modbound {
namespace {

std::string PieceText(const v1::GetLogsResponse& piece) {
  const std::string dropped =
      piece.dropped_bytes() == 0
          ? ""
          : absl::StrCat("... ",
                         piece.dropped_bytes(),
                         " bytes of the log were dropped here ...\n");
  return dropped + piece.text();
}

// One stream, from the request's offset on, which moves along.
absl::Status ReadPieces(Session& session,
                        Connection& connection,
                        Interrupt& interrupt,
                        v1::GetLogsRequest& request) {
  grpc::ClientContext context;
  const Interrupt::Guard guard(interrupt, context);
  const auto reader = connection.jobs().GetLogs(&context, request);
  v1::GetLogsResponse piece;
  while (reader->Read(&piece)) {
    session.Print(piece, PieceText(piece));
    request.set_offset(piece.next_offset());
  }
  return connection.Explain(reader->Finish());
}

}  // namespace

absl::Status Logs(Session& session, const LogsFlags& flags) {
  // A server that is not there at all is not waited for.
  MODBOUND_RETURN_IF_ERROR(session.GetJob(flags.id).status());
  v1::GetLogsRequest request;
  request.set_id(flags.id);
  request.set_follow(flags.follow);
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  Interrupt interrupt;
  Backoff backoff(kMostStreamPause);
  Outage outage(connection->patience());
  while (true) {
    const int64_t before = request.offset();
    const absl::Status status =
        ReadPieces(session, *connection, interrupt, request);
    if (interrupt.Take()) {
      return InterruptedError(
          absl::StrCat("job ", flags.id, " is not touched by this"));
    }
    if (status.ok() || !IsBrokenStream(status)) {
      return status;
    }
    if (request.offset() > before) {
      backoff.Reset();
      outage.End();
    }
    if (!outage.MayLast()) {
      return status;
    }
    interrupt.WaitFor(backoff.Next());
  }
}

}  // namespace modbound
