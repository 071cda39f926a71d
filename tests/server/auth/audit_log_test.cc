#include "server/auth/audit_log.h"

#include <chrono>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

TEST(AuditLog, WritesWhatManyThreadsAdd) {
  const TemporaryFolder folder;
  {
    AuditLog log(folder.path());
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&log] {
        for (int j = 0; j < 500; ++j) {
          log.Add("submit", {{"owner", "alice"}});
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  }
  EXPECT_EQ(*VerifyAuditLog(folder.path()), 4000);
}

TEST(AuditLog, WritesSoon) {
  const TemporaryFolder folder;
  AuditLog log(folder.path());
  log.Add("submit", {});
  const auto give_up =
      std::chrono::steady_clock::now() + std::chrono::seconds(30);
  // A file that is there may be empty yet.
  while (VerifyAuditLog(folder.path()).value_or(0) == 0 &&
         std::chrono::steady_clock::now() < give_up) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(*VerifyAuditLog(folder.path()), 1);
}

TEST(AuditLog, GoesOnWithTheChainOfBefore) {
  const TemporaryFolder folder;
  for (int i = 0; i < 3; ++i) {
    AuditLog(folder.path()).Add("submit", {});
  }
  EXPECT_EQ(*VerifyAuditLog(folder.path()), 3);
}

TEST(AuditLog, AFolderThatCannotBeWrittenHoldsNobodyUp) {
  AuditLog log("/proc/nothing");
  for (int i = 0; i < 50000; ++i) {
    log.Add("submit", {});
  }
}

}  // namespace
}  // namespace modbound
