#include "server/rpc/listen_address.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/base/error.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

namespace fs = std::filesystem;

TEST(ParseListenAddress, TakesLoopbackAndUnixSockets) {
  for (const std::string text : {"127.0.0.1:50061",
                                 "127.1.2.3:0",
                                 "[::1]:1",
                                 "localhost:65535",
                                 "unix:/run/modbound.sock",
                                 "unix:relative"}) {
    const auto address = ParseListenAddress(text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(address->Text(), text);
    EXPECT_TRUE(address->is_local());
  }
}

TEST(ParseListenAddress, SplitsHostAndPort) {
  const auto address = ParseListenAddress("[::1]:50061");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->host, "::1");
  EXPECT_EQ(address->port, 50061);
  EXPECT_FALSE(address->is_unix());
}

TEST(ParseListenAddress, KnowsWhatOtherMachinesReach) {
  for (const std::string text : {"0.0.0.0:50061",
                                 "[::]:50061",
                                 "192.168.1.2:1",
                                 "128.0.0.1:1",
                                 "example.org:1",
                                 "[::ffff:127.0.0.1]:1",
                                 "localhost.example.org:1"}) {
    const auto address = ParseListenAddress(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_FALSE(address->is_local()) << text;
  }
}

TEST(ParseListenAddress, RefusesWhatIsNoAddress) {
  for (const std::string& text : {std::string(""),
                                  std::string("127.0.0.1"),
                                  std::string("127.0.0.1:"),
                                  std::string("127.0.0.1:-1"),
                                  std::string("127.0.0.1:65536"),
                                  std::string("127.0.0.1:99999999999999999999"),
                                  std::string("127.0.0.1:5x"),
                                  std::string("127.0.0.1:+5"),
                                  std::string("::1:5"),
                                  std::string(":50061"),
                                  std::string("*:1"),
                                  std::string("dns//x:1"),
                                  std::string("a b:1"),
                                  std::string("[a]b]:1"),
                                  std::string("unix:"),
                                  "unix:/" + std::string(200, 'x')}) {
    EXPECT_FALSE(ParseListenAddress(text).ok()) << text;
  }
}

class FreeStaleSocketTest : public testing::Test {
 protected:
  FreeStaleSocketTest() {
    std::string folder = testing::TempDir() + "socketXXXXXX";
    path_ = std::string(::mkdtemp(folder.data())) + "/s";
  }
  ~FreeStaleSocketTest() override {
    fs::remove_all(fs::path(path_).parent_path());
  }

  // A socket bound to path_.
  int Bind() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    EXPECT_EQ(
        ::bind(
            fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
        0);
    return fd;
  }

  std::string path_;
};

TEST_F(FreeStaleSocketTest, RemovesASocketThatNobodyListensOn) {
  ::close(Bind());
  ASSERT_TRUE(fs::exists(path_));
  EXPECT_TRUE(FreeStaleSocket({path_, -1}).ok());
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(FreeStaleSocketTest, LeavesASocketThatSomebodyListensOn) {
  const int fd = Bind();
  ASSERT_EQ(::listen(fd, 1), 0);
  EXPECT_EQ(FreeStaleSocket({path_, -1}).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(fs::exists(path_));
  ::close(fd);
}

TEST_F(FreeStaleSocketTest, LeavesOtherFiles) {
  std::ofstream(path_) << "notes";
  EXPECT_EQ(FreeStaleSocket({path_, -1}).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(fs::exists(path_));
}

TEST_F(FreeStaleSocketTest, AFreePathIsFine) {
  EXPECT_TRUE(FreeStaleSocket({path_, -1}).ok());
}

}  // namespace
}  // namespace modbound
