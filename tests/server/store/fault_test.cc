// The store on failing disks: see the faults paragraph of Database.

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "server/store/database.h"
#include "tests/support/io_fault.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

absl::Status Insert(Connection& connection, const std::string& id) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("INSERT INTO request(owner, request_id, body_sha256, "
                         "jobs) VALUES('o', ?1, '', ?2)"));
  return statement.Bind(1, id).Bind(2, std::string(2000, 'x')).Run();
}

absl::Status Write(Database& database, const std::string& id) {
  return database.WriteAndWait(
      [&](Connection& connection) { return Insert(connection, id); });
}

int64_t Count(Database& database) {
  int64_t count = -1;
  const absl::Status status =
      database.Read([&](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(
            Statement statement,
            connection.Prepare("SELECT count(*) FROM request"));
        MODBOUND_RETURN_IF_ERROR(statement.Step().status());
        count = statement.Int(0);
        return absl::OkStatus();
      });
  EXPECT_TRUE(status.ok()) << status;
  return count;
}

// Every point at which a commit may fail: the n-th write or sync of the log.
class CommitFault
    : public ::testing::TestWithParam<std::tuple<IoCall, int, int>> {};

TEST_P(CommitFault, AcknowledgesNothingThatIsNotOnDisk) {
  const auto [call, error, skipped] = GetParam();
  const TemporaryFolder folder;
  absl::StatusOr<std::unique_ptr<Database>> database =
      Database::Open(folder.path());
  ASSERT_TRUE(database.ok());
  ASSERT_TRUE(Write(**database, "before").ok());
  absl::Status failed;
  int hits = 0;
  {
    const IoFault fault(call, "modbound.sqlite3-wal", error, skipped);
    failed = Write(**database, "during");
    hits = fault.hits();
  }
  if (hits == 0) {
    // A commit has fewer such calls.
    EXPECT_TRUE(failed.ok());
    return;
  }
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(Count(**database), 1);
  const bool full = call == IoCall::kWrite && error == ENOSPC;
  EXPECT_EQ(ReasonOf(failed), full ? "DISK_FULL" : reason::kInternal);
  const absl::Status after = Write(**database, "after");
  EXPECT_EQ(after.ok(), full) << after;
  EXPECT_EQ(Count(**database), full ? 2 : 1);
  // The next start is clean. The write that was not acknowledged may have
  // reached the disk or not; nothing else may be missing or new.
  database->reset();
  database = Database::Open(folder.path());
  ASSERT_TRUE(database.ok()) << database.status();
  EXPECT_GE(Count(**database), full ? 2 : 1);
  EXPECT_LE(Count(**database), 2);
  EXPECT_TRUE(Write(**database, "again").ok());
}

INSTANTIATE_TEST_SUITE_P(EveryCall,
                         CommitFault,
                         ::testing::Combine(::testing::Values(IoCall::kWrite,
                                                              IoCall::kSync),
                                            ::testing::Values(EIO, ENOSPC),
                                            ::testing::Values(0, 1, 2, 3)));

TEST(Database, FailsTheWholeBatchWhenItsCommitFails) {
  const TemporaryFolder folder;
  absl::StatusOr<std::unique_ptr<Database>> database =
      Database::Open(folder.path());
  ASSERT_TRUE(database.ok());
  std::promise<void> entered;
  std::promise<void> release;
  (*database)->Write(
      [&](Connection&) {
        entered.set_value();
        release.get_future().wait();
        return absl::OkStatus();
      },
      [](const absl::Status&) {});
  entered.get_future().wait();
  std::vector<std::promise<absl::Status>> answers(10);
  const IoFault fault(IoCall::kSync, "modbound.sqlite3-wal", EIO);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    (*database)->Write(
        [i](Connection& connection) {
          return i == 3 ? Refuse(reason::kOutOfRange, "x", "on purpose")
                        : Insert(connection, std::to_string(i));
        },
        [&, i](absl::Status status) {
          answers[i].set_value(std::move(status));
        });
  }
  release.set_value();
  for (std::promise<absl::Status>& answer : answers) {
    const absl::Status status = answer.get_future().get();
    EXPECT_TRUE(absl::IsInternal(status)) << status;
  }
  EXPECT_EQ(Count(**database), 0);
}

// SQLite ends the transaction by itself when a statement finds no room: what
// ran before it in the batch is not committed and must not be acknowledged.
TEST(Database, FailsTheBatchWhenAStatementFindsTheDiskFull) {
  const TemporaryFolder folder;
  absl::StatusOr<std::unique_ptr<Database>> database =
      Database::Open(folder.path());
  ASSERT_TRUE(database.ok());
  const auto limit = [&](const std::string& pages) {
    return (*database)->WriteAndWait([&](Connection& connection) {
      MODBOUND_ASSIGN_OR_RETURN(
          Statement statement,
          connection.Prepare("PRAGMA max_page_count = " + pages));
      return statement.Step().status();
    });
  };
  ASSERT_TRUE(limit("40").ok());
  absl::Status status;
  int written = 0;
  while ((status = Write(**database, std::to_string(written))).ok()) {
    ASSERT_LT(++written, 1000);
  }
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(ReasonOf(status), "DISK_FULL");
  EXPECT_EQ(Count(**database), written);
  ASSERT_TRUE(limit("1000000").ok());
  EXPECT_TRUE(Write(**database, "room again").ok());
  EXPECT_EQ(Count(**database), written + 1);
}

// Folding the log into the database comes after the answers: when the disk is
// full then, nothing acknowledged is lost and writing goes on.
TEST(Database, SurvivesAFullDiskWhileFoldingInItsLog) {
  const TemporaryFolder folder;
  absl::StatusOr<std::unique_ptr<Database>> database =
      Database::Open(folder.path());
  ASSERT_TRUE(database.ok());
  constexpr int kWrites = 600;  // at least two pages of log each
  {
    const IoFault fault(IoCall::kWrite, "/modbound.sqlite3$", ENOSPC);
    for (int i = 0; i < kWrites; ++i) {
      ASSERT_TRUE(Write(**database, std::to_string(i)).ok());
    }
    EXPECT_GT(fault.hits(), 0);
  }
  EXPECT_EQ(Count(**database), kWrites);
  ASSERT_TRUE(Write(**database, "room again").ok());
  database->reset();
  database = Database::Open(folder.path());
  ASSERT_TRUE(database.ok());
  EXPECT_EQ(Count(**database), kWrites + 1);
}

// A full disk is none: that passes.
TEST(Database, TellsOnceThatItTakesNoMoreChanges) {
  const TemporaryFolder folder;
  std::atomic<int> faults{0};
  const auto database = Database::Open(folder.path(), [&] { ++faults; });
  ASSERT_TRUE(database.ok());
  {
    const IoFault fault(IoCall::kWrite, "modbound.sqlite3-wal", ENOSPC);
    EXPECT_FALSE(Write(**database, "full").ok());
  }
  EXPECT_TRUE(Write(**database, "room again").ok());
  EXPECT_EQ(faults.load(), 0);
  {
    const IoFault fault(IoCall::kSync, "modbound.sqlite3-wal", EIO);
    EXPECT_FALSE(Write(**database, "lost").ok());
  }
  EXPECT_EQ(faults.load(), 1);
  EXPECT_FALSE(Write(**database, "after").ok());
  EXPECT_EQ(faults.load(), 1);
}

// Whatever statvfs says, a quota may be used up: the room is there for the next
// change.
TEST(Database, ReleasesItsReserveWhenAChangeFindsTheDiskFull) {
  const TemporaryFolder folder;
  const auto database = Database::Open(folder.path());
  ASSERT_TRUE(database.ok());
  ASSERT_TRUE(std::filesystem::exists(folder / "reserve"));
  std::promise<bool> released;
  const IoFault fault(IoCall::kWrite, "modbound.sqlite3-wal", ENOSPC);
  (*database)->Write(
      [](Connection& connection) { return Insert(connection, "full"); },
      [&](const absl::Status& status) {
        EXPECT_EQ(ReasonOf(status), "DISK_FULL");
        released.set_value(!std::filesystem::exists(folder / "reserve"));
      });
  EXPECT_TRUE(released.get_future().get());
}

TEST(Database, StopsAcknowledgingWhenFoldingInMeetsAnIoError) {
  const TemporaryFolder folder;
  absl::StatusOr<std::unique_ptr<Database>> database =
      Database::Open(folder.path());
  ASSERT_TRUE(database.ok());
  int written = 0;
  {
    const IoFault fault(IoCall::kSync, "/modbound.sqlite3$", EIO);
    while (Write(**database, std::to_string(written)).ok()) {
      ASSERT_LT(++written, 5000);
    }
    EXPECT_GT(fault.hits(), 0);
  }
  EXPECT_FALSE(Write(**database, "after").ok());
  EXPECT_EQ(Count(**database), written);
  database->reset();
  database = Database::Open(folder.path());
  ASSERT_TRUE(database.ok());
  EXPECT_EQ(Count(**database), written);
}

}  // namespace
}  // namespace modbound
