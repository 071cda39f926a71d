#include "server/auth/owner_name.h"

#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(OwnerOfCertificate, IsItsCommonName) {
  EXPECT_EQ(*OwnerOfCertificate({"alice"}, {"lab.example.org"}, {}), "alice");
}

TEST(OwnerOfCertificate, WithoutOneIsItsOnlyOtherName) {
  EXPECT_EQ(*OwnerOfCertificate({}, {"lab.example.org"}, {"a@example.org"}),
            "lab.example.org");
  EXPECT_EQ(*OwnerOfCertificate({}, {}, {"a@example.org"}), "a@example.org");
}

TEST(OwnerOfCertificate, RefusesWhatNamesNobodyOrSeveral) {
  EXPECT_TRUE(absl::IsUnauthenticated(OwnerOfCertificate({}, {}, {}).status()));
  EXPECT_FALSE(OwnerOfCertificate({"alice", "bob"}, {}, {}).ok());
  EXPECT_FALSE(OwnerOfCertificate({}, {"a.org", "b.org"}, {}).ok());
  EXPECT_FALSE(
      OwnerOfCertificate({std::string("alice\0.org", 10)}, {}, {}).ok());
  EXPECT_FALSE(OwnerOfCertificate({"Alice Liddell"}, {}, {}).ok());
}

TEST(OwnerOfCertificate, IsNeverWhoeverIsAtTheMachine) {
  EXPECT_FALSE(OwnerOfCertificate({"local"}, {}, {}).ok());
}

}  // namespace
}  // namespace modbound
