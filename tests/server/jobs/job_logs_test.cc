#include "server/jobs/job_logs.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "server/jobs/text_rules.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

class JobLogsTest : public ::testing::Test {
 protected:
  JobLogsTest() { EXPECT_TRUE(logs_.Open().ok()); }
  std::string TextOf(const std::string& job) {
    const auto piece = logs_.Read(job, 0, 1 << 16);
    EXPECT_TRUE(piece.ok()) << piece.status();
    return piece.ok() ? piece->text : "";
  }

  const TemporaryFolder folder_;
  std::vector<std::string> changed_;
  JobLogs logs_{folder_.path(),
                [this](const std::string& job) { changed_.push_back(job); }};
};

TEST_F(JobLogsTest, KeepsTheLinesOfEachJobApart) {
  logs_.Append("a", "first");
  logs_.Append("b", "other");
  logs_.Append("a", "second");
  const std::string text = TextOf("a");
  // "2026-11-24T02:58:37.125Z first".
  EXPECT_EQ(text.substr(23), "Z first\n" + text.substr(31, 24) + " second\n");
  EXPECT_EQ(text[10], 'T');
  EXPECT_EQ(TextOf("b").substr(25), "other\n");
  EXPECT_EQ(changed_, (std::vector<std::string>{"a", "b", "a"}));
}

TEST_F(JobLogsTest, MakesAnyBytesALine) {
  logs_.Append("a", std::string("\x1b[31m\xff ok \xc3\xa4\t\n\0.", 16));
  EXPECT_EQ(TextOf("a").substr(25), "?[31m? ok \xc3\xa4 ??.\n");
  logs_.Append("b", std::string(100000, 'x'));
  EXPECT_LE(static_cast<int64_t>(TextOf("b").size()), kMostLogLine);
  // Cut between characters.
  std::string umlauts;
  for (int i = 0; i < 10000; ++i) {
    umlauts += "\xc3\xa4";
  }
  logs_.Append("c", "." + umlauts);
  std::string line = TextOf("c");
  line.pop_back();
  EXPECT_GT(CountCharacters(line), 1000);
}

TEST_F(JobLogsTest, HasAnEmptyLogForAJobThatWroteNothing) {
  EXPECT_EQ(TextOf("a"), "");
  EXPECT_EQ(ReasonOf(logs_.Read("a", 1, 1 << 16).status()), "OUT_OF_RANGE");
}

TEST_F(JobLogsTest, RemovesALog) {
  logs_.Append("a", "x");
  logs_.Sync("a");
  logs_.Remove("a");
  logs_.Remove("a");
  EXPECT_EQ(TextOf("a"), "");
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "logs"));
}

TEST_F(JobLogsTest, BeginsADamagedLogAnew) {
  std::ofstream(folder_ / "logs/a") << std::string(64, '\0');
  EXPECT_TRUE(absl::IsDataLoss(logs_.Read("a", 0, 1 << 16).status()));
  logs_.Append("a", "new");
  EXPECT_EQ(TextOf("a").substr(25), "new\n");
}

TEST_F(JobLogsTest, NeedsNoLogToGoOn) {
  std::filesystem::remove(folder_ / "logs");
  logs_.Append("a", "lost");
  EXPECT_EQ(TextOf("a"), "");
  EXPECT_TRUE(changed_.empty());
}

}  // namespace
}  // namespace modbound
