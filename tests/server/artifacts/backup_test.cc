#include "server/artifacts/backup.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "core/base/error.h"
#include "server/artifacts/artifact_store.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

class BackupTest : public ::testing::Test {
 protected:
  BackupTest() { Open(); }
  void Open() {
    auto database = Database::Open(folder_ / "data");
    ASSERT_TRUE(database.ok()) << database.status();
    database_ = *std::move(database);
    auto store = ArtifactStore::Open(*database_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  // Promised, so that the sweep of a start leaves it.
  std::string Put(const std::string& bytes) {
    const auto staged = store_->StageBytes(bytes);
    EXPECT_TRUE(staged.ok()) << staged.status();
    EXPECT_TRUE(database_
                    ->WriteAndWait([&](Connection& connection) -> absl::Status {
                      MODBOUND_RETURN_IF_ERROR(
                          ArtifactStore::Commit(connection, *staged));
                      return ArtifactStore::Promise(connection, staged->digest)
                          .status();
                    })
                    .ok());
    return staged->digest;
  }
  static std::string Large(char c) {
    return std::string(static_cast<std::size_t>(kInlineLimit) + 1, c);
  }
  // The bytes that a server would find in a backup.
  static absl::StatusOr<std::string> BytesIn(const std::string& data_dir,
                                             const std::string& digest) {
    MODBOUND_ASSIGN_OR_RETURN(const auto database, Database::Open(data_dir));
    MODBOUND_ASSIGN_OR_RETURN(const auto store, ArtifactStore::Open(*database));
    return store->ReadBytes(digest);
  }
  bool NothingElse(const std::string& expected) {
    for (const auto& entry :
         std::filesystem::directory_iterator(folder_.path())) {
      const std::string name = entry.path().filename();
      if (name != "data" && name != expected) {
        return false;
      }
    }
    return true;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<ArtifactStore> store_;
};

TEST_F(BackupTest, HoldsEverythingWhileAServerRuns) {
  const std::string small = Put("small");
  const std::string large = Put(Large('x'));
  const absl::Status made = BackupStore(folder_ / "data", folder_ / "backup");
  ASSERT_TRUE(made.ok()) << made;
  EXPECT_EQ(*BytesIn(folder_ / "backup", small), "small");
  EXPECT_EQ(*BytesIn(folder_ / "backup", large), Large('x'));
  EXPECT_TRUE(NothingElse("backup"));
  EXPECT_EQ(std::filesystem::status(folder_ / "backup").permissions(),
            std::filesystem::perms::owner_all);
  // What comes later is not in it.
  const std::string later = Put("later");
  EXPECT_TRUE(absl::IsNotFound(BytesIn(folder_ / "backup", later).status()));
}

TEST_F(BackupTest, OfAStoppedServerToo) {
  const std::string large = Put(Large('x'));
  store_.reset();
  database_.reset();
  ASSERT_TRUE(BackupStore(folder_ / "data", folder_ / "backup").ok());
  EXPECT_EQ(*BytesIn(folder_ / "backup", large), Large('x'));
}

TEST_F(BackupTest, RefusesAPlaceThatIsTaken) {
  std::filesystem::create_directory(folder_ / "backup");
  std::ofstream(folder_ / "backup/mine") << "mine";
  const absl::Status status = BackupStore(folder_ / "data", folder_ / "backup");
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(FieldOf(status), "backup");
  EXPECT_TRUE(std::filesystem::exists(folder_ / "backup/mine"));
  EXPECT_EQ(FieldOf(BackupStore(folder_ / "nothing", folder_ / "other")),
            "data_dir");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "other"));
  const absl::Status nowhere =
      BackupStore(folder_ / "data", folder_ / "nothing/backup");
  EXPECT_TRUE(absl::IsFailedPrecondition(nowhere)) << nowhere;
  EXPECT_EQ(FieldOf(nowhere), "backup");
  EXPECT_TRUE(
      absl::EndsWith(nowhere.message(), "nothing: No such file or directory"))
      << nowhere;
}

TEST_F(BackupTest, TellsOfDamageAndLeavesNothing) {
  const std::string large = Put(Large('x'));
  const std::string path = ArtifactPath(folder_ / "data", large);
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  std::fstream(path, std::ios::in | std::ios::out).put('y');
  EXPECT_TRUE(
      absl::IsDataLoss(BackupStore(folder_ / "data", folder_ / "backup")));
  EXPECT_TRUE(NothingElse("none"));
  std::filesystem::remove(path);
  EXPECT_TRUE(
      absl::IsDataLoss(BackupStore(folder_ / "data", folder_ / "backup")));
  EXPECT_TRUE(NothingElse("none"));
}

// Artifacts come and go while copies are made: each is whole.
TEST_F(BackupTest, IsWholeWhileArtifactsAreDeleted) {
  std::atomic<bool> stop{false};
  std::thread changer([&] {
    for (int i = 0; !stop; i = (i + 1) % 20) {
      const auto staged = store_->StageBytes(Large(static_cast<char>('a' + i)));
      std::vector<std::string> removed;
      EXPECT_TRUE(staged.ok()) << staged.status();
      EXPECT_TRUE(database_
                      ->WriteAndWait([&](Connection& connection) {
                        return ArtifactStore::Commit(connection, *staged);
                      })
                      .ok());
      EXPECT_TRUE(
          database_
              ->WriteAndWait([&](Connection& connection) -> absl::Status {
                MODBOUND_ASSIGN_OR_RETURN(removed,
                                          ArtifactStore::CommitRemoveUnused(
                                              connection, {staged->digest}));
                return absl::OkStatus();
              })
              .ok());
      store_->RemoveFiles(removed);
    }
  });
  const std::string kept = Put(Large('K'));
  int made = 0;
  for (int i = 0; i < 20; ++i) {
    const std::string target = folder_ / ("backup" + std::to_string(i));
    const absl::Status status = BackupStore(folder_ / "data", target);
    // All snapshots of one backup may have raced with a removal.
    EXPECT_TRUE(status.ok() || absl::IsDataLoss(status)) << status;
    if (status.ok()) {
      ++made;
      EXPECT_EQ(*BytesIn(target, kept), Large('K'));
    }
  }
  stop = true;
  changer.join();
  EXPECT_GT(made, 0);
}

}  // namespace
}  // namespace modbound
