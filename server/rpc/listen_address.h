#ifndef MODBOUND_SERVER_RPC_LISTEN_ADDRESS_H_
#define MODBOUND_SERVER_RPC_LISTEN_ADDRESS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace modbound {

// Where a server listens: a TCP port, or a Unix socket.
struct ListenAddress {
  // Host without brackets ("127.0.0.1", "::", "localhost", "lab.example.org");
  // the path of a Unix socket.
  std::string host = "127.0.0.1";
  // 0 = any free one; -1 for a Unix socket.
  int port = 0;

  bool is_unix() const { return port < 0; }
  // Only this machine reaches it: a Unix socket, 127.0.0.0/8, ::1, localhost.
  bool is_local() const;
  // "127.0.0.1:50061", "[::1]:50061", "unix:/run/modbound.sock".
  std::string Text() const;
  // As gRPC wants it: no resolver is asked for localhost.
  std::string ForGrpc() const;
};

// Reads HOST:PORT, [IPV6]:PORT or unix:PATH. Errors: kInvalidArgument
// OUT_OF_RANGE "listen" for anything else. HOST is an address or a name of
// letters, digits, dots and hyphens.
absl::StatusOr<ListenAddress> ParseListenAddress(const std::string& text);

// Makes way for a Unix socket: removes a socket file that nobody listens on.
// Errors: kFailedPrecondition OUT_OF_RANGE "listen" when somebody does, or when
// the file is not a socket.
absl::Status FreeStaleSocket(const ListenAddress& address);

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_LISTEN_ADDRESS_H_
