#include "client/cli/sha256.h"

#include <regex>

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

TEST(RandomUuid, IsOfVersionFourAndNeverTheSame) {
  const std::string uuid = RandomUuid();
  EXPECT_TRUE(std::regex_match(
      uuid,
      std::regex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                 "[0-9a-f]{12}")))
      << uuid;
  EXPECT_NE(uuid, RandomUuid());
}

}  // namespace
}  // namespace modbound
