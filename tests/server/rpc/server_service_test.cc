#include "server/rpc/server_service.h"

#include <set>
#include <string>

#include "gtest/gtest.h"
#include "modbound/v1/job.pb.h"
#include "server/rpc/expect_error.h"
#include "server/rpc/test_service.h"

namespace modbound {
namespace {

class ServerServiceTest : public testing::Test {
 protected:
  TestService service_;
};

TEST_F(ServerServiceTest, TellsWhatItIs) {
  v1::ServerInfo info;
  ASSERT_TRUE(service_.info().GetServerInfo(NewCall().get(), {}, &info).ok());
  EXPECT_FALSE(info.version().empty());
  EXPECT_FALSE(info.kernel_version().empty());
  EXPECT_EQ(info.isa().substr(0, 8), "x86-64-v");
  EXPECT_EQ(info.cores(), service_.options().cores);
  EXPECT_EQ(info.memory_limit_bytes(), service_.options().memory_limit_bytes);
  EXPECT_EQ(info.max_message_bytes(), 1 << 20);
  EXPECT_EQ(info.max_inline_bytes(), 64 * 1024);
  EXPECT_EQ(info.owner(), "local");
  EXPECT_GT(info.start_time().seconds(), 0);
}

TEST_F(ServerServiceTest, TellsHowBusyItIs) {
  v1::QueueState state;
  ASSERT_TRUE(service_.info().GetQueueState(NewCall().get(), {}, &state).ok());
  EXPECT_EQ(state.cores(), 2);
  EXPECT_EQ(state.leased_cores(), 0);
  EXPECT_EQ(state.running(), 0);
}

TEST_F(ServerServiceTest, ListsTheKindsOfTheContract) {
  v1::ListKindsResponse kinds;
  ASSERT_TRUE(service_.info().ListKinds(NewCall().get(), {}, &kinds).ok());
  ASSERT_GT(kinds.kinds_size(), 0);
  std::set<std::string> names;
  for (const v1::KindInfo& kind : kinds.kinds()) {
    EXPECT_NE(v1::Spec::descriptor()->FindFieldByName(kind.kind()), nullptr);
    EXPECT_TRUE(names.insert(kind.kind()).second) << kind.kind();
    EXPECT_FALSE(kind.example_spec().empty()) << kind.kind();
  }
  EXPECT_LT(kinds.ByteSizeLong(), size_t{1} << 20);
}

TEST_F(ServerServiceTest, ListsOneKind) {
  v1::ListKindsRequest request;
  request.set_kind("quality");
  v1::ListKindsResponse kinds;
  ASSERT_TRUE(service_.info().ListKinds(NewCall().get(), request, &kinds).ok());
  ASSERT_EQ(kinds.kinds_size(), 1);
  EXPECT_EQ(kinds.kinds(0).kind(), "quality");

  request.set_kind("astrology");
  ExpectError(service_.info().ListKinds(NewCall().get(), request, &kinds),
              grpc::StatusCode::INVALID_ARGUMENT,
              "UNKNOWN_KIND",
              "kind");
}

}  // namespace
}  // namespace modbound
