#ifndef MODBOUND_SERVER_AUTH_TOKEN_H_
#define MODBOUND_SERVER_AUTH_TOKEN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/database.h"

// Bearer tokens: "mb1_<id>_<secret>", id 16 and secret 64 hexadecimal digits,
// both random. The table `token` holds the SHA-256 of the secret alone: who
// reads the store, a backup or a log learns no token. All functions run inside
// a Database change or query.
namespace modbound {

// What the store knows of a token.
struct TokenRow {
  std::string id;
  std::string owner;
  // The only name of a client certificate it may come with; "" = with any, and
  // without one.
  std::string certificate;
  int64_t created_us = 0;
  int64_t expires_us = 0;  // 0 = never
  int64_t revoked_us = 0;  // 0 = valid
};

// Adds a token and returns its text, which nobody can read again. Errors:
// kInvalidArgument BAD_NAME "owner", "certificate"; kInternal without
// randomness.
absl::StatusOr<std::string> CreateToken(Connection& connection,
                                        const std::string& owner,
                                        const std::string& certificate,
                                        int64_t now_us,
                                        int64_t expires_us);

// All tokens, oldest first.
absl::StatusOr<std::vector<TokenRow>> ListTokens(Connection& connection);

// From now on the token is refused. Returns what it was. Fine when it was
// revoked before. Errors: kNotFound TOKEN_NOT_FOUND.
absl::StatusOr<TokenRow> RevokeToken(Connection& connection,
                                     const std::string& id,
                                     int64_t now_us);

// The token that `text` is. The secret is compared in constant time. Errors:
// kUnauthenticated UNAUTHENTICATED, the message says whether it expired or was
// revoked to nobody but who has the secret.
absl::StatusOr<TokenRow> CheckToken(Connection& connection,
                                    std::string_view text,
                                    int64_t now_us);

// Whether a token that was checked before is still good: neither revoked nor
// expired. Errors: kUnauthenticated UNAUTHENTICATED.
absl::Status CheckTokenId(Connection& connection,
                          const std::string& id,
                          int64_t now_us);

// The id in a token's text, for logs; "" when it is no token.
std::string TokenId(std::string_view text);

}  // namespace modbound

#endif  // MODBOUND_SERVER_AUTH_TOKEN_H_
