#include "client/cli/credentials.h"

#include <sys/stat.h>

#include <fstream>
#include <string>

#include "client/cli/error.h"
#include "gtest/gtest.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

class OpenChannelTest : public testing::Test {
 protected:
  std::string Write(const std::string& name,
                    const std::string& text,
                    mode_t mode = 0600) {
    const std::string path = folder_ / name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }
  static absl::Status Open(const std::string& address,
                           const IdentityFiles& files) {
    return OpenChannel(address, files, grpc::ChannelArguments()).status();
  }

  TemporaryFolder folder_;
  const std::string token_ = Write("token", "mb1_0123_4567\n");
};

TEST(IsLocalAddress, IsThisMachineAlone) {
  for (const char* address :
       {"127.0.0.1:1", "127.9.8.7:1", "[::1]:1", "localhost:1", "unix:/x"}) {
    EXPECT_TRUE(IsLocalAddress(address)) << address;
  }
  for (const char* address : {"128.0.0.1:1",
                              "[::2]:1",
                              "lab:1",
                              "localhost.example.org:1",
                              "127.0.0.1.example.org:1",
                              "[::ffff:127.0.0.1]:1"}) {
    EXPECT_FALSE(IsLocalAddress(address)) << address;
  }
}

TEST_F(OpenChannelTest, ATokenDoesNotTravelInTheClear) {
  const IdentityFiles token = {token_, "", "", ""};
  EXPECT_TRUE(Open("127.0.0.1:1", token).ok());
  EXPECT_TRUE(Open("unix:/x", token).ok());
  EXPECT_EQ(ExitCodeOf(Open("192.0.2.1:1", token)), kExitUsage);
  EXPECT_EQ(ExitCodeOf(Open("lab.example.org:1", token)), kExitUsage);
  const std::string ca =
      Write("ca", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----");
  EXPECT_TRUE(Open("lab.example.org:1", {token_, ca, "", ""}).ok());
}

TEST_F(OpenChannelTest, RefusesFilesThatAreNotWhatTheyShouldBe) {
  const std::string empty = Write("empty", "");
  for (const IdentityFiles& files :
       {IdentityFiles{folder_ / "none", "", "", ""},
        IdentityFiles{empty, "", "", ""},
        IdentityFiles{Write("line", "mb1_0 1"), "", "", ""},
        IdentityFiles{Write("header", "mb1_0\r\nx-other: 1"), "", "", ""},
        IdentityFiles{"", empty, "", ""},
        IdentityFiles{"", folder_ / "none", "", ""},
        IdentityFiles{"", "", token_, token_},
        IdentityFiles{"", "", token_, ""},
        IdentityFiles{"", "", "", token_}}) {
    EXPECT_EQ(ExitCodeOf(Open("127.0.0.1:1", files)), kExitUsage);
  }
}

TEST_F(OpenChannelTest, WarnsOfATokenThatOthersMayRead) {
  const auto warning = [&](mode_t mode) {
    const IdentityFiles files = {Write("open", "mb1_1_2", mode), "", "", ""};
    testing::internal::CaptureStderr();
    EXPECT_TRUE(Open("127.0.0.1:1", files).ok());
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(warning(0600), "");
  EXPECT_EQ(warning(0400), "");
  EXPECT_NE(warning(0640), "");
  EXPECT_NE(warning(0604), "");
}

}  // namespace
}  // namespace modbound
