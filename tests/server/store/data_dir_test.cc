#include "server/store/data_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "core/base/error.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

using ::testing::HasSubstr;

// A user who is not root.
constexpr uid_t kNobody = 65534;

std::string MessageOf(const absl::Status& status) {
  return std::string(status.message());
}

constexpr std::chrono::milliseconds kNone{0};

TEST(LockDataDir, RefusesWhatIsHeldAndNamesTheHolder) {
  const TemporaryFolder folder;
  const auto held = LockDataDir(folder.path(), kNone);
  ASSERT_TRUE(held.ok()) << held.status();
  const absl::Status refused = LockDataDir(folder.path(), kNone).status();
  EXPECT_EQ(ReasonOf(refused), "WRONG_STATE") << refused;
  EXPECT_EQ(FieldOf(refused), "data_dir");
}

TEST(LockDataDir, WaitsForWhoeverHoldsItForAMoment) {
  const TemporaryFolder folder;
  auto held = LockDataDir(folder.path(), kNone);
  ASSERT_TRUE(held.ok()) << held.status();
  std::thread holder([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    held->Close();
  });
  // Longer than any machine needs.
  const auto lock = LockDataDir(folder.path(), std::chrono::minutes(5));
  EXPECT_TRUE(lock.ok()) << lock.status();
  holder.join();
}

TEST(CheckStore, TellsWhatIsNotThereFromWhatCannotBeSeen) {
  const TemporaryFolder folder;
  EXPECT_TRUE(CheckOwner(folder / "nothing").ok());
  EXPECT_THAT(MessageOf(CheckStore(folder / "nothing")),
              HasSubstr("there is no store in"));
  EXPECT_THAT(MessageOf(CheckStore(folder.path())),
              HasSubstr("there is no store in"));
  std::ofstream(folder / "modbound.sqlite3") << "";
  EXPECT_TRUE(CheckStore(folder.path()).ok());
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can be another user";
  }
  ASSERT_EQ(::seteuid(kNobody), 0);
  const std::string inside = MessageOf(CheckStore(folder / "data"));
  const std::string mine = MessageOf(CheckStore(folder.path()));
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_THAT(inside, HasSubstr("cannot look into"));
  EXPECT_THAT(inside, HasSubstr("Permission denied"));
  EXPECT_THAT(mine, HasSubstr("belongs to root"));
  // Root could look, but leaves files that the server cannot open.
  ASSERT_EQ(::chown(folder.path().c_str(), kNobody, kNobody), 0);
  EXPECT_THAT(MessageOf(CheckStore(folder.path())), HasSubstr("sudo -u"));
}

}  // namespace
}  // namespace modbound
