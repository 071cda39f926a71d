#ifndef MODBOUND_SERVER_AUTH_OWNER_NAME_H_
#define MODBOUND_SERVER_AUTH_OWNER_NAME_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace modbound {

// Who calls a server of this machine alone without a name of their own.
inline constexpr char kLocalOwner[] = "local";

// kInvalidArgument BAD_NAME `field` unless `name` is 1 to 64 of a-z A-Z 0-9 and
// . _ @ - and begins with a letter or digit.
absl::Status CheckOwnerName(std::string_view name, std::string_view field);

// The owner that a client certificate names: its common name (gRPC tells the
// first); a certificate without any, its only DNS name, else its only e-mail
// address. Errors: kUnauthenticated UNAUTHENTICATED when there is none or
// several, when it is no name of an owner, or `local`, which is whoever is at
// the machine.
absl::StatusOr<std::string> OwnerOfCertificate(
    const std::vector<std::string>& common_names,
    const std::vector<std::string>& dns_names,
    const std::vector<std::string>& email_addresses);

}  // namespace modbound

#endif  // MODBOUND_SERVER_AUTH_OWNER_NAME_H_
