#include "client/cli/connection.h"

#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(CheckAddress, TakesHostAndPortOrASocket) {
  for (const char* address : {"127.0.0.1:50061",
                              "localhost:1",
                              "lab.example.org:65535",
                              "[::1]:50061",
                              "unix:/run/modbound.sock",
                              "unix:relative.sock"}) {
    EXPECT_TRUE(CheckAddress(address).ok()) << address;
  }
}

TEST(CheckAddress, RefusesAnythingElse) {
  for (const char* address : {"",
                              "localhost",
                              "localhost:",
                              "localhost:0",
                              "localhost:65536",
                              "localhost:-1",
                              "localhost:5x",
                              ":50061",
                              "::1:50061",
                              "http://localhost:50061",
                              "unix:",
                              "a b:1"}) {
    EXPECT_EQ(ExitCodeOf(CheckAddress(address)), kExitUsage) << address;
  }
}

TEST(IsBrokenStream, IsWhatAShutdownOrTheNetworkLeaves) {
  const auto broken = [](absl::StatusCode code, const char* reason) {
    return IsBrokenStream(MakeError(code, reason, "", "m"));
  };
  for (const absl::StatusCode code : {absl::StatusCode::kCancelled,
                                      absl::StatusCode::kInternal,
                                      absl::StatusCode::kUnknown,
                                      absl::StatusCode::kDeadlineExceeded}) {
    EXPECT_TRUE(broken(code, "")) << absl::StatusCodeToString(code);
    EXPECT_FALSE(broken(code, "CANCELLED")) << absl::StatusCodeToString(code);
  }
  EXPECT_TRUE(broken(absl::StatusCode::kUnavailable, ""));
  EXPECT_TRUE(broken(absl::StatusCode::kUnavailable, "SERVER_STOPPING"));
  EXPECT_FALSE(broken(absl::StatusCode::kNotFound, ""));
  EXPECT_FALSE(broken(absl::StatusCode::kInvalidArgument, "BAD_TOKEN"));
}

TEST(Backoff, DoublesUpToItsMost) {
  using std::chrono::milliseconds;
  Backoff backoff(milliseconds(300));
  EXPECT_EQ(backoff.Next(), milliseconds(100));
  EXPECT_EQ(backoff.Next(), milliseconds(200));
  EXPECT_EQ(backoff.Next(), milliseconds(300));
  EXPECT_EQ(backoff.Next(), milliseconds(300));
  backoff.Reset();
  EXPECT_EQ(backoff.Next(), milliseconds(100));
}

}  // namespace
}  // namespace modbound
