#ifndef MODBOUND_SERVER_RPC_LISTEN_ADDRESS_H_
#define MODBOUND_SERVER_RPC_LISTEN_ADDRESS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace modbound {

// Where a server listens: a TCP port of this machine's loopback, or a Unix
// socket.
struct ListenAddress {
  // Host without brackets ("127.0.0.1", "::1", "localhost"); the path of a Unix
  // socket.
  std::string host = "127.0.0.1";
  // 0 = any free one; -1 for a Unix socket.
  int port = 0;

  bool is_unix() const { return port < 0; }
  // "127.0.0.1:50061", "[::1]:50061", "unix:/run/modbound.sock".
  std::string Text() const;
  // As gRPC wants it: a literal address, so that no resolver is asked.
  std::string ForGrpc() const;
};

// Reads HOST:PORT, [IPV6]:PORT or unix:PATH. Errors: kInvalidArgument
// OUT_OF_RANGE "listen" for anything else, and for hosts that are not loopback:
// without TLS and authentication, other machines must not reach the server.
absl::StatusOr<ListenAddress> ParseListenAddress(const std::string& text);

// Makes way for a Unix socket: removes a socket file that nobody listens on.
// Errors: kFailedPrecondition OUT_OF_RANGE "listen" when somebody does, or when
// the file is not a socket.
absl::Status FreeStaleSocket(const ListenAddress& address);

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_LISTEN_ADDRESS_H_
