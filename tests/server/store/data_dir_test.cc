#include "server/store/data_dir.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "core/base/error.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

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

}  // namespace
}  // namespace modbound
