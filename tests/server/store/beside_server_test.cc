#include "server/store/beside_server.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "gtest/gtest.h"
#include "server/store/data_dir.h"
#include "server/store/schema.h"
#include "server/store/sqlite_handle.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

Database::Change AddToken(int number) {
  return [number](Connection& connection) {
    return connection.Execute(
        absl::StrCat("INSERT INTO token(id, owner, certificate, secret_sha256, "
                     "created_us, expires_us) VALUES('",
                     number,
                     "', 'alice', '', '', 1, 0)"));
  };
}

int64_t Count(Database& database, const std::string& what) {
  int64_t count = -1;
  EXPECT_TRUE(database
                  .Read([&](Connection& connection) -> absl::Status {
                    MODBOUND_ASSIGN_OR_RETURN(
                        Statement statement,
                        connection.Prepare("SELECT COUNT(*) FROM " + what));
                    MODBOUND_RETURN_IF_ERROR(statement.Step().status());
                    count = statement.Int(0);
                    return absl::OkStatus();
                  })
                  .ok());
  return count;
}

TEST(ChangeBesideServer, MakesTheStoreWhereThereIsNone) {
  const TemporaryFolder folder;
  EXPECT_TRUE(ChangeBesideServer(folder.path(), AddToken(1)).ok());
  EXPECT_EQ(Count(**Database::Open(folder.path()), "token"), 1);
}

TEST(ChangeBesideServer, AndAServersWritesGoOnAtOnce) {
  const TemporaryFolder folder;
  const auto database = *Database::Open(folder.path());
  std::thread beside([&] {
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(ChangeBesideServer(folder.path(), AddToken(i)).ok());
    }
  });
  for (int i = 100; i < 300; ++i) {
    EXPECT_TRUE(database->WriteAndWait(AddToken(i)).ok());
  }
  beside.join();
  EXPECT_EQ(Count(*database, "token"), 300);
}

// It comes while a server starts for the first time, and holds the folder.
TEST(ChangeBesideServer, FindsTheStoreThatAServerMakesMeanwhile) {
  const TemporaryFolder folder;
  { const auto made = *Database::Open(folder / "made"); }
  const auto lock = LockDataDir(folder / "data");
  ASSERT_TRUE(lock.ok()) << lock.status();
  std::thread server([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    std::filesystem::rename(folder / "made/modbound.sqlite3",
                            folder / "data/modbound.sqlite3");
  });
  EXPECT_TRUE(ChangeBesideServer(folder / "data", AddToken(1)).ok());
  server.join();
  EXPECT_TRUE(ChangeBesideServer(folder / "data", AddToken(2)).ok());
}

TEST(ChangeBesideServer, AnErrorUndoesTheChange) {
  const TemporaryFolder folder;
  const auto database = *Database::Open(folder.path());
  const absl::Status status =
      ChangeBesideServer(folder.path(), [](Connection& connection) {
        EXPECT_TRUE(AddToken(1)(connection).ok());
        return absl::NotFoundError("no");
      });
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_EQ(Count(*database, "token"), 0);
}

// A store of the first schema, when every owner was `local`.
TEST(Database, BringsOwnersUpFromTheFirstSchema) {
  const TemporaryFolder folder;
  {
    const auto handle = *SqliteHandle::Open(folder / "modbound.sqlite3",
                                            SqliteHandle::Mode::kReadWrite);
    ASSERT_TRUE(handle->Execute("PRAGMA journal_mode = WAL").ok());
    ASSERT_TRUE(handle->Execute(kSchemaSteps[0]).ok());
    ASSERT_TRUE(
        handle
            ->Execute(
                "INSERT INTO job(id, owner, kind, state, priority, submit_us, "
                "job) VALUES('j1', 'local', 'quality', 4, 0, 1, x'');"
                "INSERT INTO artifact(digest, size_bytes, created_us, "
                "uploaded_us) VALUES('used', 1, 1, 0), ('sent', 1, 1, 5);"
                "INSERT INTO artifact_use VALUES('used', 'j1'), ('sent', "
                "'gone');"
                "PRAGMA user_version = 1")
            .ok());
  }
  const auto database = *Database::Open(folder.path());
  EXPECT_EQ(Count(*database,
                  "artifact_use WHERE digest = 'used' AND owner = 'local'"),
            1);
  EXPECT_EQ(Count(*database, "artifact_use WHERE owner = ''"), 1);
  EXPECT_EQ(Count(*database, "artifact_upload"), 1);
  EXPECT_EQ(Count(*database,
                  "artifact_upload WHERE digest = 'sent' AND owner = 'local'"),
            1);
}

// The table of uses is made anew in step 4; the sums over it go on.
TEST(Database, KeepsCountingWhatAnOwnerStoresAfterStepFour) {
  const TemporaryFolder folder;
  {
    const auto handle = *SqliteHandle::Open(folder / "modbound.sqlite3",
                                            SqliteHandle::Mode::kReadWrite);
    ASSERT_TRUE(handle->Execute("PRAGMA journal_mode = WAL").ok());
    for (int step = 0; step < 3; ++step) {
      ASSERT_TRUE(handle->Execute(kSchemaSteps[step]).ok());
    }
    ASSERT_TRUE(
        handle
            ->Execute(
                "INSERT INTO artifact(digest, size_bytes, created_us) "
                "VALUES('a', 10, 1), ('b', 7, 1);"
                "INSERT INTO artifact_use(digest, job, owner) VALUES('a', "
                "'j1', 'ann'), ('a', 'j2', 'ann'), ('a', 'j3', 'bob');"
                "PRAGMA user_version = 3")
            .ok());
  }
  const auto database = *Database::Open(folder.path());
  EXPECT_EQ(Count(*database, "artifact_use"), 3);
  const auto change = [&](const std::string& sql) {
    return database->WriteAndWait(
        [&](Connection& connection) { return connection.Execute(sql); });
  };
  EXPECT_EQ(Count(*database, "owner_total WHERE bytes = 10"), 2);
  ASSERT_TRUE(change("INSERT INTO artifact_use(digest, job, owner) VALUES('b', "
                     "'j1', 'ann')")
                  .ok());
  ASSERT_TRUE(change("DELETE FROM artifact_use WHERE job = 'j2'").ok());
  EXPECT_EQ(Count(*database, "owner_total WHERE owner = 'ann' AND bytes = 17"),
            1);
  ASSERT_TRUE(change("INSERT INTO artifact_upload VALUES('a', 'bob')").ok());
  ASSERT_TRUE(change("DELETE FROM artifact_use").ok());
  EXPECT_EQ(Count(*database, "owner_total WHERE owner = 'ann' AND bytes = 0"),
            1);
  EXPECT_EQ(Count(*database, "owner_total WHERE owner = 'bob' AND bytes = 10"),
            1);
  ASSERT_TRUE(change("DELETE FROM artifact_upload").ok());
  EXPECT_EQ(Count(*database, "owner_total WHERE owner = 'bob' AND bytes = 0"),
            1);
}

}  // namespace
}  // namespace modbound
