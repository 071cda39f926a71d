#include "server/jobs/verify_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "server/jobs/queue_fixture.h"

namespace modbound {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class VerifyStoreTest : public QueueFixture {
 protected:
  // A job with an output in a file of its own.
  v1::Job FinishOne() {
    const std::string id = Enqueue(QualityJob());
    executor_->Succeed(id, std::vector<double>(9000, 0.5));
    return Await(id);
  }
  std::string FileOf(const v1::Job& job) {
    return ArtifactPath(dir_.path(), job.outputs().at("quality").artifact());
  }
  // What a change of the store would be found to be; it is taken back.
  StoreReport After(const std::string& sql) {
    StoreReport report;
    const absl::Status taken_back =
        database_->WriteAndWait([&](Connection& connection) -> absl::Status {
          MODBOUND_RETURN_IF_ERROR(connection.Execute(sql));
          MODBOUND_ASSIGN_OR_RETURN(report,
                                    VerifyStore(connection, dir_.path()));
          return absl::AbortedError("taken back");
        });
    EXPECT_TRUE(absl::IsAborted(taken_back)) << sql << ": " << taken_back;
    return report;
  }
  // The fixture's own look at its end would find what these tests damage.
  void TearDown() override { Close(); }
};

TEST_F(VerifyStoreTest, FindsNothingInASoundStore) {
  FinishOne();
  const StoreReport report = After("");
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_THAT(report.leftovers, IsEmpty());
  EXPECT_EQ(report.jobs, 1);
  EXPECT_EQ(report.artifacts, 3);
}

TEST_F(VerifyStoreTest, FindsWhatMustNotBeInRows) {
  const std::string id = FinishOne().id();
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"DELETE FROM event WHERE sequence = 2", "has no event 2"},
      {"UPDATE event SET state = 7 WHERE sequence = 3", "to SKIPPED"},
      {"UPDATE event SET attempt = 7 WHERE sequence = 3", "attempt 7"},
      {"INSERT INTO event VALUES('x', 1, 0, 2, 0, NULL)", "job x"},
      {"UPDATE job SET state = 5", "its last event says SUCCEEDED"},
      {"UPDATE job SET token = 'a'", "token"},
      {"UPDATE job SET end_us = 0", "without"},
      {"UPDATE job SET job = x'ff'", "cannot be read"},
      {"INSERT INTO dependency VALUES('" + id + "', 'gone')", "1 have failed"},
      {"INSERT INTO artifact_use(digest, owner, job) VALUES('abc', 'ada', 'x')",
       "abc of job x is not there"},
      {"UPDATE artifact_total SET bytes = bytes + 1", "their sum is kept as"},
      {"UPDATE artifact_total SET reserved = 5", "reservations of all jobs"},
      {"UPDATE owner_total SET reserved = 5", "reservations of ada"},
      {"UPDATE artifact SET bytes = x'00' WHERE bytes IS NOT NULL",
       "is damaged"},
      {"UPDATE artifact SET digest = '../x' WHERE bytes IS NULL", "../x"}};
  for (const auto& [sql, words] : cases) {
    EXPECT_THAT(After(sql).problems, Contains(HasSubstr(words))) << sql;
  }
}

TEST_F(VerifyStoreTest, FindsWhatBecameOfFiles) {
  const v1::Job job = FinishOne();
  const std::string path = FileOf(job);
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  std::fstream(path, std::ios::in | std::ios::out).put('x');
  EXPECT_THAT(After("").problems, ElementsAre(HasSubstr("is damaged")));
  std::filesystem::resize_file(path, 10);
  EXPECT_THAT(After("").problems, ElementsAre(HasSubstr("has 10 bytes")));
  std::filesystem::remove(path);
  EXPECT_THAT(After("").problems, ElementsAre(HasSubstr("is missing")));
  const std::string orphan = ArtifactPath(dir_.path(), std::string(64, 'a'));
  std::filesystem::create_directories(
      std::filesystem::path(orphan).parent_path());
  std::ofstream(orphan) << "x";
  EXPECT_THAT(After("").leftovers, ElementsAre(std::string(64, 'a')));
}

TEST_F(VerifyStoreTest, LooksAtAFolderWithoutAServer) {
  FinishOne();
  EXPECT_EQ(ReasonOf(VerifyDataDir(dir_.path()).status()), "WRONG_STATE")
      << "a server runs on it";
  Close();
  const auto report = VerifyDataDir(dir_.path());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->problems, IsEmpty());
  EXPECT_EQ(report->jobs, 1);

  std::fstream file(dir_ / "modbound.sqlite3",
                    std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(5000);
  file << std::string(3000, '\xaa');
  file.close();
  const auto damaged = VerifyDataDir(dir_.path());
  EXPECT_TRUE(!damaged.ok() || !damaged->problems.empty());
  EXPECT_EQ(ReasonOf(VerifyDataDir(dir_ / "nowhere").status()), "WRONG_STATE");
}

}  // namespace
}  // namespace modbound
