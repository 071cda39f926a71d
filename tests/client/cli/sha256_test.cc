#include "client/cli/sha256.h"

#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(Sha256, GivesTheDigestOfFips180) {
  Sha256 sha256;
  sha256.Add("a");
  sha256.Add("bc");
  EXPECT_EQ(sha256.Hex(),
            "ba7816bf8f01cfea414140de5dae2223"
            "b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace modbound
