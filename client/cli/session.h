#ifndef MODBOUND_CLIENT_CLI_SESSION_H_
#define MODBOUND_CLIENT_CLI_SESSION_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/connection.h"
#include "google/protobuf/message.h"
#include "modbound/v1/job.pb.h"

namespace modbound {

// What every command shares: flags of the whole program, connection, output.
class Session {
 public:
  std::string server = "127.0.0.1:50061";
  IdentityFiles identity;
  bool json = false;
  // How long a server that went away is waited for.
  int patience_seconds = 300;

  std::chrono::seconds patience() const {
    return std::chrono::seconds(patience_seconds);
  }

  // The connection, opened at the first call.
  absl::StatusOr<Connection*> Connect();

  absl::StatusOr<v1::Job> GetJob(const std::string& id);

  // One line of compact JSON.
  void PrintJson(const google::protobuf::Message& message) const;
  // A job, as JSON or as text.
  void PrintJob(const v1::Job& job) const;
  // `text`, or with --json `message`.
  void Print(const google::protobuf::Message& message,
             const std::string& text) const;

 private:
  std::unique_ptr<Connection> connection_;
};

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_SESSION_H_
