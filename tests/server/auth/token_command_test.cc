#include "server/auth/token_command.h"

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "core/base/error.h"
#include "gtest/gtest.h"
#include "server/auth/audit_file.h"
#include "server/auth/token.h"
#include "server/store/database.h"
#include "server/store/wall_time.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

class TokenCommandTest : public testing::Test {
 protected:
  std::string Create(const std::string& owner, int64_t lifetime_us = 0) {
    TokenCommand command;
    command.action = TokenCommand::Action::kCreate;
    command.owner = owner;
    command.lifetime_us = lifetime_us;
    const auto text = RunTokenCommand(folder_.path(), command);
    EXPECT_TRUE(text.ok()) << text.status();
    return text.ok() ? text->substr(0, text->size() - 1) : "";
  }
  std::string List(bool json = false) {
    TokenCommand command;
    command.json = json;
    return *RunTokenCommand(folder_.path(), command);
  }
  absl::Status Revoke(const std::string& id) {
    TokenCommand command;
    command.action = TokenCommand::Action::kRevoke;
    command.id = id;
    return RunTokenCommand(folder_.path(), command).status();
  }
  static bool IsGood(Database& database, const std::string& token) {
    return database
        .Read([&](Connection& connection) {
          return CheckToken(connection, token, WallMicros()).status();
        })
        .ok();
  }

  TemporaryFolder folder_;
};

TEST_F(TokenCommandTest, MakesTheStoreWhereThereIsNone) {
  const std::string token = Create("alice");
  EXPECT_EQ(token.substr(0, 4), "mb1_");
  EXPECT_TRUE(IsGood(**Database::Open(folder_.path()), token));
}

TEST_F(TokenCommandTest, WorksBesideAServer) {
  const auto database = Database::Open(folder_.path());
  ASSERT_TRUE(database.ok());
  const std::string token = Create("alice");
  EXPECT_TRUE(IsGood(**database, token));
  EXPECT_TRUE(Revoke(token).ok());  // the whole token stands for its id
  EXPECT_FALSE(IsGood(**database, token));
  // The server's own writes go on.
  EXPECT_TRUE((*database)
                  ->WriteAndWait([](Connection& connection) {
                    return connection.Execute(
                        "INSERT INTO artifact(digest, size_bytes, created_us) "
                        "VALUES('x', 1, 1)");
                  })
                  .ok());
}

TEST_F(TokenCommandTest, AListTellsStatesAndNoSecret) {
  const std::string valid = Create("alice");
  const std::string expired = Create("bob", 1);
  const std::string revoked = Create("carol");
  ASSERT_TRUE(Revoke(TokenId(revoked)).ok());
  for (const bool json : {false, true}) {
    const std::string text = List(json);
    for (const char* word : {"alice", "bob", "valid", "expired", "revoked"}) {
      EXPECT_TRUE(absl::StrContains(text, word)) << word << text;
    }
    EXPECT_FALSE(absl::StrContains(text, valid.substr(21)));
  }
}

TEST_F(TokenCommandTest, IsNotedWithoutTheSecret) {
  const std::string token = Create("alice");
  ASSERT_TRUE(Revoke(TokenId(token)).ok());
  EXPECT_EQ(*VerifyAuditLog(folder_.path()), 2);
  const std::string log = *ReadFile(folder_.path() + "/audit.log");
  EXPECT_TRUE(absl::StrContains(log, "token_create"));
  EXPECT_TRUE(absl::StrContains(log, "token_revoke"));
  EXPECT_TRUE(absl::StrContains(log, TokenId(token)));
  EXPECT_FALSE(absl::StrContains(log, token.substr(21)));
}

TEST_F(TokenCommandTest, AnUnknownTokenIsNotFound) {
  Create("alice");
  EXPECT_EQ(ReasonOf(Revoke("nothing")), "TOKEN_NOT_FOUND");
}

TEST(ParseLifetime, TakesSpans) {
  constexpr int64_t kSecond = 1000000;
  EXPECT_EQ(*ParseLifetime("0"), 0);
  EXPECT_EQ(*ParseLifetime("60s"), 60 * kSecond);
  EXPECT_EQ(*ParseLifetime("30m"), 1800 * kSecond);
  EXPECT_EQ(*ParseLifetime("12h"), 43200 * kSecond);
  EXPECT_EQ(*ParseLifetime("90d"), 90 * 86400 * kSecond);
}

TEST(ParseLifetime, RefusesAllElse) {
  for (const char* text : {"",
                           "d",
                           "90",
                           "-1d",
                           "0d",
                           "1.5d",
                           "90w",
                           "90dd",
                           " 90d",
                           "36601d",
                           "99999999999999999999d"}) {
    EXPECT_EQ(FieldOf(ParseLifetime(text).status()), "expires") << text;
  }
}

}  // namespace
}  // namespace modbound
