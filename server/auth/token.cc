#include "server/auth/token.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/artifacts/sha256.h"
#include "server/auth/owner_name.h"

namespace modbound {
namespace {

constexpr std::string_view kTokenPrefix = "mb1_";
constexpr std::size_t kIdDigits = 16;
constexpr std::size_t kSecretDigits = 64;
constexpr std::size_t kTokenBytes =
    kTokenPrefix.size() + kIdDigits + 1 + kSecretDigits;

constexpr char kTokenColumns[] =
    "SELECT id, owner, certificate, created_us, expires_us, revoked_us, "
    "secret_sha256 FROM token ";

// As text that is at hand for every id, so that unknown ids take as long.
const std::string& NobodysHash() {
  static const std::string kHash(64, '0');
  return kHash;
}

absl::Status NotAuthenticated(std::string_view message) {
  return MakeError(
      absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", "", message);
}

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char digit) {
    return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
  });
}

// The two parts of a token's text, both empty when it is none.
struct TokenParts {
  std::string_view id;
  std::string_view secret;
};

TokenParts Split(std::string_view text) {
  if (text.size() != kTokenBytes ||
      text.substr(0, kTokenPrefix.size()) != kTokenPrefix) {
    return {};
  }
  const TokenParts parts = {text.substr(kTokenPrefix.size(), kIdDigits),
                            text.substr(kTokenBytes - kSecretDigits)};
  const char between = text[kTokenPrefix.size() + kIdDigits];
  return between == '_' && IsHex(parts.id) && IsHex(parts.secret)
             ? parts
             : TokenParts();
}

template <std::size_t kBytes>
absl::StatusOr<std::string> RandomHex() {
  std::array<unsigned char, kBytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    return MakeError(absl::StatusCode::kInternal,
                     reason::kInternal,
                     "",
                     "the machine gives no random bytes");
  }
  return absl::BytesToHexString(
      {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

TokenRow ReadTokenRow(const Statement& statement) {
  return {statement.Text(0),
          statement.Text(1),
          statement.Text(2),
          statement.Int(3),
          statement.Int(4),
          statement.Int(5)};
}

absl::Status CheckTimes(const TokenRow& token, int64_t now_us) {
  if (token.revoked_us != 0) {
    return NotAuthenticated(absl::StrCat("token ", token.id, " was revoked"));
  }
  if (token.expires_us != 0 && token.expires_us <= now_us) {
    return NotAuthenticated(absl::StrCat("token ", token.id, " has expired"));
  }
  return absl::OkStatus();
}

// `hash`: where the hash of its secret goes; of no secret when it is unknown.
absl::StatusOr<bool> FindToken(Connection& connection,
                               std::string_view id,
                               TokenRow& token,
                               std::string& hash) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(absl::StrCat(kTokenColumns, "WHERE id = ?1")));
  MODBOUND_ASSIGN_OR_RETURN(const bool found, statement.Bind(1, id).Step());
  if (found) {
    token = ReadTokenRow(statement);
    hash = statement.Text(6);
  }
  return found;
}

}  // namespace

absl::StatusOr<std::string> CreateToken(Connection& connection,
                                        const std::string& owner,
                                        const std::string& certificate,
                                        int64_t now_us,
                                        int64_t expires_us) {
  MODBOUND_RETURN_IF_ERROR(CheckOwnerName(owner, "owner"));
  if (!certificate.empty()) {
    MODBOUND_RETURN_IF_ERROR(CheckOwnerName(certificate, "certificate"));
  }
  MODBOUND_ASSIGN_OR_RETURN(const std::string id, RandomHex<kIdDigits / 2>());
  MODBOUND_ASSIGN_OR_RETURN(const std::string secret,
                            RandomHex<kSecretDigits / 2>());
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "INSERT INTO token(id, owner, certificate, secret_sha256, "
          "created_us, expires_us) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"));
  MODBOUND_RETURN_IF_ERROR(statement.Bind(1, id)
                               .Bind(2, owner)
                               .Bind(3, certificate)
                               .Bind(4, Sha256Hex(secret))
                               .Bind(5, now_us)
                               .Bind(6, expires_us)
                               .Run());
  return absl::StrCat(std::string(kTokenPrefix), id, "_", secret);
}

absl::StatusOr<std::vector<TokenRow>> ListTokens(Connection& connection) {
  MODBOUND_ASSIGN_OR_RETURN(Statement statement,
                            connection.Prepare(absl::StrCat(
                                kTokenColumns, "ORDER BY created_us, id")));
  std::vector<TokenRow> tokens;
  while (true) {
    MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) {
      return tokens;
    }
    tokens.push_back(ReadTokenRow(statement));
  }
}

absl::StatusOr<TokenRow> RevokeToken(Connection& connection,
                                     const std::string& id,
                                     int64_t now_us) {
  TokenRow token;
  std::string hash;
  MODBOUND_ASSIGN_OR_RETURN(const bool found,
                            FindToken(connection, id, token, hash));
  if (!found) {
    return MakeError(absl::StatusCode::kNotFound,
                     "TOKEN_NOT_FOUND",
                     "id",
                     "there is no token of this id");
  }
  if (token.revoked_us == 0) {
    token.revoked_us = now_us;
    MODBOUND_ASSIGN_OR_RETURN(
        Statement statement,
        connection.Prepare("UPDATE token SET revoked_us = ?2 WHERE id = ?1"));
    MODBOUND_RETURN_IF_ERROR(statement.Bind(1, id).Bind(2, now_us).Run());
  }
  return token;
}

absl::StatusOr<TokenRow> CheckToken(Connection& connection,
                                    std::string_view text,
                                    int64_t now_us) {
  const TokenParts parts = Split(text);
  TokenRow token;
  std::string hash = NobodysHash();
  if (!parts.id.empty()) {
    MODBOUND_RETURN_IF_ERROR(
        FindToken(connection, parts.id, token, hash).status());
  }
  const std::string given = Sha256Hex(parts.secret);
  const bool same = hash.size() == given.size() &&
                    CRYPTO_memcmp(hash.data(), given.data(), given.size()) == 0;
  if (!same) {
    return NotAuthenticated("the token is not valid");
  }
  MODBOUND_RETURN_IF_ERROR(CheckTimes(token, now_us));
  return token;
}

absl::Status CheckTokenId(Connection& connection,
                          const std::string& id,
                          int64_t now_us) {
  TokenRow token;
  std::string hash;
  MODBOUND_ASSIGN_OR_RETURN(const bool found,
                            FindToken(connection, id, token, hash));
  return found ? CheckTimes(token, now_us)
               : NotAuthenticated("the token is not valid");
}

std::string TokenId(std::string_view text) {
  return std::string(Split(text).id);
}

}  // namespace modbound
