#ifndef MODBOUND_CLIENT_CLI_CREDENTIALS_H_
#define MODBOUND_CLIENT_CLI_CREDENTIALS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/channel.h"
#include "grpcpp/support/channel_arguments.h"

namespace modbound {

// Files that tell a server who we are, and us that it is the right server; "" =
// not given.
struct IdentityFiles {
  // One line: the token.
  std::string token_file;
  // PEM: authorities of the server's certificate. With it the connection is
  // TLS, without it plain.
  std::string ca;
  // PEM: our own certificate and its key.
  std::string client_cert;
  std::string client_key;
};

// Whether only this machine answers at the address: unix:PATH, 127.0.0.0/8,
// [::1], localhost.
bool IsLocalAddress(const std::string& address);

// A channel to `address`; nothing is sent yet. With a token every call carries
// it. Errors: kInvalidArgument for a file that cannot be read or holds no
// token, a client certificate without key or without `ca`, and a token without
// `ca` for an address that is not local: it would travel in the clear. A token
// file that others may read is warned of on standard error.
absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(
    const std::string& address,
    const IdentityFiles& files,
    const grpc::ChannelArguments& arguments);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_CREDENTIALS_H_
