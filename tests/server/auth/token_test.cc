#include "server/auth/token.h"

#include <functional>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "core/base/error.h"
#include "gtest/gtest.h"
#include "server/store/database.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

constexpr int64_t kNow = int64_t{1700000000} * 1000000;

class TokenTest : public testing::Test {
 protected:
  TokenTest() : database_(*Database::Open(folder_.path())) {}

  absl::Status Change(const std::function<absl::Status(Connection&)>& change) {
    return database_->WriteAndWait(change);
  }
  absl::StatusOr<std::string> Create(const std::string& owner,
                                     int64_t expires_us = 0,
                                     const std::string& certificate = "") {
    absl::StatusOr<std::string> text = std::string();
    const absl::Status status = Change([&](Connection& connection) {
      text = CreateToken(connection, owner, certificate, kNow, expires_us);
      return text.status();
    });
    return status.ok() ? text : status;
  }
  absl::StatusOr<TokenRow> Check(const std::string& text, int64_t now = kNow) {
    absl::StatusOr<TokenRow> row = TokenRow();
    database_
        ->Read([&](Connection& connection) {
          row = CheckToken(connection, text, now);
          return absl::OkStatus();
        })
        .IgnoreError();
    return row;
  }
  absl::Status Revoke(const std::string& id) {
    return Change([&](Connection& connection) {
      return RevokeToken(connection, id, kNow).status();
    });
  }

  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
};

TEST_F(TokenTest, ATokenIsItsOwners) {
  const std::string text = *Create("alice", 0, "alice-laptop");
  EXPECT_EQ(text.size(), 4U + 16 + 1 + 64);
  const auto row = Check(text);
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(row->owner, "alice");
  EXPECT_EQ(row->certificate, "alice-laptop");
  EXPECT_EQ(row->id, TokenId(text));
  EXPECT_NE(*Create("alice"), text);
}

TEST_F(TokenTest, TheStoreHoldsNoSecret) {
  const std::string text = *Create("alice");
  const std::string secret = text.substr(text.size() - 64);
  ASSERT_TRUE(
      database_
          ->Read([&](Connection& connection) -> absl::Status {
            MODBOUND_ASSIGN_OR_RETURN(
                Statement statement, connection.Prepare("SELECT * FROM token"));
            MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Step());
            EXPECT_TRUE(row);
            for (int column = 0; column < 7; ++column) {
              EXPECT_FALSE(absl::StrContains(statement.Text(column), secret));
            }
            return absl::OkStatus();
          })
          .ok());
}

TEST_F(TokenTest, EveryAlteredTokenIsRefused) {
  const std::string text = *Create("alice");
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string altered = text;
    altered[at] = altered[at] == 'a' ? 'b' : 'a';
    EXPECT_TRUE(absl::IsUnauthenticated(Check(altered).status())) << at;
  }
  for (const std::string& other : {std::string(),
                                   text.substr(1),
                                   text + "0",
                                   text.substr(0, text.size() - 1),
                                   std::string("mb1_"),
                                   std::string(1 << 16, 'a')}) {
    EXPECT_TRUE(absl::IsUnauthenticated(Check(other).status()));
  }
}

TEST_F(TokenTest, TheIdOfOneAndTheSecretOfAnotherAreNoToken) {
  const std::string alice = *Create("alice");
  const std::string bob = *Create("bob");
  EXPECT_FALSE(Check(alice.substr(0, 21) + bob.substr(21)).ok());
}

TEST_F(TokenTest, ATokenExpires) {
  const std::string text = *Create("alice", kNow + 10);
  EXPECT_TRUE(Check(text, kNow + 9).ok());
  EXPECT_TRUE(absl::IsUnauthenticated(Check(text, kNow + 10).status()));
  EXPECT_TRUE(Check(*Create("bob"), kNow + (int64_t{1} << 60)).ok());
}

TEST_F(TokenTest, ARevokedTokenIsRefusedForEver) {
  const std::string text = *Create("alice");
  const std::string other = *Create("alice");
  EXPECT_TRUE(Revoke(TokenId(text)).ok());
  EXPECT_TRUE(absl::IsUnauthenticated(Check(text).status()));
  EXPECT_TRUE(Check(other).ok());
  EXPECT_TRUE(Revoke(TokenId(text)).ok());
  EXPECT_EQ(ReasonOf(Revoke("0123456789abcdef")), "TOKEN_NOT_FOUND");
}

// Who has but the id must not learn what became of it.
TEST_F(TokenTest, OnlyWhoHasTheSecretLearnsWhyItIsRefused) {
  const std::string text = *Create("alice");
  ASSERT_TRUE(Revoke(TokenId(text)).ok());
  const std::string guess =
      text.substr(0, text.size() - 64) + std::string(64, '0');
  EXPECT_EQ(
      Check(guess).status().message(),
      Check("mb1_0123456789abcdef_" + std::string(64, '0')).status().message());
  EXPECT_TRUE(absl::StrContains(Check(text).status().message(), "revoked"));
}

TEST_F(TokenTest, ATokenIsCheckedAgainById) {
  const std::string text = *Create("alice", kNow + 10);
  const auto again = [&](int64_t now) {
    return database_->Read([&](Connection& connection) {
      return CheckTokenId(connection, TokenId(text), now);
    });
  };
  EXPECT_TRUE(again(kNow).ok());
  EXPECT_TRUE(absl::IsUnauthenticated(again(kNow + 10)));
  ASSERT_TRUE(Revoke(TokenId(text)).ok());
  EXPECT_TRUE(absl::IsUnauthenticated(again(kNow)));
}

TEST_F(TokenTest, OwnersHaveNames) {
  for (const std::string& owner : {std::string(),
                                   std::string("a b"),
                                   std::string("../x"),
                                   std::string("a\0b", 3),
                                   std::string(65, 'a'),
                                   std::string("-x")}) {
    EXPECT_EQ(ReasonOf(Create(owner).status()), "BAD_NAME") << owner;
    EXPECT_EQ(FieldOf(Create(owner).status()), "owner");
  }
  EXPECT_TRUE(Create("Ada.Lovelace_1@lab-2.example.org").ok());
  EXPECT_EQ(FieldOf(Create("alice", 0, "a/b").status()), "certificate");
}

}  // namespace
}  // namespace modbound
