#include "server/auth/token_command.h"

#include <unistd.h>

#include <charconv>
#include <string_view>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "nlohmann/json.hpp"
#include "server/auth/audit_file.h"
#include "server/auth/token.h"
#include "server/store/beside_server.h"
#include "server/store/data_dir.h"
#include "server/store/wall_time.h"

namespace modbound {
namespace {

constexpr int64_t kSecondMicros = 1000000;
constexpr int64_t kMostSeconds = int64_t{100} * 366 * 86400;

// "2026-11-24T02:58:37Z"; `otherwise` for 0.
std::string TokenTime(int64_t micros, const char* otherwise) {
  return micros == 0 ? otherwise
                     : absl::FormatTime("%Y-%m-%dT%H:%M:%SZ",
                                        absl::FromUnixMicros(micros),
                                        absl::UTCTimeZone());
}

std::string StateOf(const TokenRow& token, int64_t now_us) {
  if (token.revoked_us != 0) {
    return "revoked";
  }
  return token.expires_us != 0 && token.expires_us <= now_us ? "expired"
                                                             : "valid";
}

std::string ListText(const std::vector<TokenRow>& tokens, bool json) {
  const int64_t now_us = WallMicros();
  std::string text;
  if (!json) {
    text = absl::StrFormat("%-16s  %-24s  %-7s  %-20s  %-20s  %s\n",
                           "id",
                           "owner",
                           "state",
                           "created",
                           "expires",
                           "certificate");
  }
  for (const TokenRow& token : tokens) {
    const std::string created = TokenTime(token.created_us, "");
    const std::string expires = TokenTime(token.expires_us, "never");
    const std::string state = StateOf(token, now_us);
    if (json) {
      const nlohmann::ordered_json line = {{"id", token.id},
                                           {"owner", token.owner},
                                           {"state", state},
                                           {"created", created},
                                           {"expires", expires},
                                           {"certificate", token.certificate}};
      absl::StrAppend(&text, line.dump(), "\n");
    } else {
      absl::StrAppendFormat(&text,
                            "%-16s  %-24s  %-7s  %-20s  %-20s  %s\n",
                            token.id,
                            token.owner,
                            state,
                            created,
                            expires,
                            token.certificate);
    }
  }
  return text;
}

// Durable before the command says that it is done.
absl::Status NoteInAudit(const std::string& data_dir,
                         const char* event,
                         const std::string& id,
                         const std::string& owner) {
  AuditFile audit(data_dir);
  MODBOUND_RETURN_IF_ERROR(audit.Append({{WallMicros(),
                                          event,
                                          {{"owner", owner},
                                           {"token", id},
                                           {"uid", absl::StrCat(::getuid())},
                                           {"verdict", "OK"}}}}));
  return audit.Sync();
}

absl::StatusOr<std::string> Create(const std::string& data_dir,
                                   const TokenCommand& command) {
  std::string text;
  MODBOUND_RETURN_IF_ERROR(
      ChangeBesideServer(data_dir, [&](Connection& connection) -> absl::Status {
        const int64_t now_us = WallMicros();
        const int64_t expires_us =
            command.lifetime_us == 0 ? 0 : now_us + command.lifetime_us;
        MODBOUND_ASSIGN_OR_RETURN(text,
                                  CreateToken(connection,
                                              command.owner,
                                              command.certificate,
                                              now_us,
                                              expires_us));
        return absl::OkStatus();
      }));
  MODBOUND_RETURN_IF_ERROR(
      NoteInAudit(data_dir, "token_create", TokenId(text), command.owner));
  return text + "\n";
}

absl::StatusOr<std::string> List(const std::string& data_dir,
                                 const TokenCommand& command) {
  std::vector<TokenRow> tokens;
  MODBOUND_RETURN_IF_ERROR(
      ChangeBesideServer(data_dir, [&](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(tokens, ListTokens(connection));
        return absl::OkStatus();
      }));
  return ListText(tokens, command.json);
}

absl::StatusOr<std::string> Revoke(const std::string& data_dir,
                                   const TokenCommand& command) {
  const std::string cut = TokenId(command.id);
  const std::string& id = cut.empty() ? command.id : cut;
  TokenRow token;
  MODBOUND_RETURN_IF_ERROR(
      ChangeBesideServer(data_dir, [&](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(token,
                                  RevokeToken(connection, id, WallMicros()));
        return absl::OkStatus();
      }));
  MODBOUND_RETURN_IF_ERROR(
      NoteInAudit(data_dir, "token_revoke", id, token.owner));
  return absl::StrCat("token ", id, " of ", token.owner, " is revoked\n");
}

}  // namespace

absl::StatusOr<std::string> RunTokenCommand(const std::string& data_dir,
                                            const TokenCommand& command) {
  MODBOUND_RETURN_IF_ERROR(CheckOwner(data_dir));
  switch (command.action) {
    case TokenCommand::Action::kCreate:
      return Create(data_dir, command);
    case TokenCommand::Action::kRevoke:
      return Revoke(data_dir, command);
    case TokenCommand::Action::kList:
      break;
  }
  return List(data_dir, command);
}

absl::StatusOr<int64_t> ParseLifetime(const std::string& text) {
  if (text == "0") {
    return 0;
  }
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  constexpr std::string_view kUnits = "smhd";
  constexpr int64_t kSeconds[] = {1, 60, 3600, 86400};
  if (error == std::errc() && number > 0 && rest + 1 == end) {
    const std::size_t unit = kUnits.find(*rest);
    if (unit != std::string_view::npos &&
        number <= kMostSeconds / kSeconds[unit]) {
      return number * kSeconds[unit] * kSecondMicros;
    }
  }
  return Refuse("OUT_OF_RANGE",
                "expires",
                absl::StrCat("expires is \"",
                             text,
                             "\"; allowed: 90d, 12h, 30m, 60s and the like, up"
                             " to 100 years, or 0 for never"));
}

}  // namespace modbound
