#include "server/jobs/fact_finder.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "server/artifacts/artifact_store.h"
#include "server/store/database.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

class FactFinderTest : public ::testing::Test {
 protected:
  FactFinderTest() {
    auto database = Database::Open(folder_ / "data");
    EXPECT_TRUE(database.ok()) << database.status();
    database_ = *std::move(database);
    auto artifacts = ArtifactStore::Open(*database_);
    EXPECT_TRUE(artifacts.ok()) << artifacts.status();
    artifacts_ = *std::move(artifacts);
  }
  // An artifact of `count` doubles, all `value`.
  std::string Put(int64_t count, double value) {
    std::string bytes;
    for (int64_t i = 0; i < count; ++i) {
      bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
    }
    const auto staged = artifacts_->StageBytes(bytes);
    EXPECT_TRUE(staged.ok()) << staged.status();
    EXPECT_TRUE(database_
                    ->WriteAndWait([&](Connection& connection) {
                      return ArtifactStore::Commit(connection, *staged);
                    })
                    .ok());
    return staged->digest;
  }
  absl::Status Execute(const std::string& sql) {
    return database_->WriteAndWait(
        [&](Connection& connection) { return connection.Execute(sql); });
  }
  std::optional<v1::ArrayFacts> Find(FactFinder& finder,
                                     const std::string& digest,
                                     const std::vector<int64_t>& shape) {
    const auto facts = finder.Find(digest, v1::DType::FLOAT64, shape);
    EXPECT_TRUE(facts.ok()) << facts.status();
    return facts.ok() ? *facts : std::nullopt;
  }

  const TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<ArtifactStore> artifacts_;
};

constexpr int64_t kSmall = kInlineLimit / 8;

TEST_F(FactFinderTest, ScansWhatIsInTheDatabaseAndNoFile) {
  const std::string small = Put(kSmall, 3);
  const std::string large = Put(kSmall + 1, 3);
  FactFinder finder(*artifacts_);
  EXPECT_EQ(Find(finder, small, {kSmall})->max(), 3);
  EXPECT_FALSE(Find(finder, large, {kSmall + 1}).has_value());
}

TEST_F(FactFinderTest, LooksAtAnArtifactOnceARequest) {
  const std::string digest = Put(64, 3);
  FactFinder finder(*artifacts_);
  EXPECT_EQ(Find(finder, digest, {64})->max(), 3);
  EXPECT_EQ(Find(finder, digest, {8, 8})->max(), 3);
  // From here on every look would fail.
  ASSERT_TRUE(Execute("UPDATE artifact SET bytes = x'00'").ok());
  for (const std::vector<int64_t>& shape :
       std::vector<std::vector<int64_t>>{{64}, {8, 8}, {4, 16}, {1, 64, 1}}) {
    EXPECT_EQ(Find(finder, digest, shape)->max(), 3);
  }
  FactFinder next(*artifacts_);
  EXPECT_TRUE(
      absl::IsDataLoss(next.Find(digest, v1::DType::FLOAT64, {64}).status()));
}

TEST_F(FactFinderTest, StopsScanningBeyondItsBytes) {
  FactFinder finder(*artifacts_);
  constexpr int kMost = FactFinder::kMostScannedBytes / kInlineLimit;
  for (int i = 0; i < kMost; ++i) {
    EXPECT_TRUE(Find(finder, Put(kSmall, i), {kSmall}).has_value()) << i;
  }
  EXPECT_FALSE(Find(finder, Put(1, -1), {1}).has_value());
  // What is known costs nothing.
  EXPECT_TRUE(Find(finder, Put(kSmall, 0), {kSmall}).has_value());
}

}  // namespace
}  // namespace modbound
