#include "client/cli/random_uuid.h"

#include <regex>

#include "gtest/gtest.h"

namespace modbound {
namespace {

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
