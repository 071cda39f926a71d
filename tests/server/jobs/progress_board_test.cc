#include "server/jobs/progress_board.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace modbound {
namespace {

class ProgressBoardTest : public ::testing::Test {
 protected:
  static ProgressUpdate Update(int64_t done,
                               int64_t total,
                               const std::string& phase = "louvain") {
    ProgressUpdate update;
    update.done = done;
    update.total = total;
    update.unit = "runs";
    update.phase = phase;
    update.metrics["quality"] = 0.5;
    return update;
  }

  std::vector<std::string> told_;
  int deferred_ = 0;
  ProgressBoard board_{[this](const std::string& job) { told_.push_back(job); },
                       [this] { ++deferred_; }};
};

TEST_F(ProgressBoardTest, ShowsTheLatestOfAJob) {
  EXPECT_FALSE(board_.Latest("a").has_value());
  board_.Update("a", 1, Update(1, 4));
  const auto first = board_.Latest("a");
  board_.Update("a", 1, Update(3, 4));
  const auto latest = board_.Latest("a");
  ASSERT_TRUE(first.has_value() && latest.has_value());
  EXPECT_GT(latest->version, first->version);
  EXPECT_EQ(latest->progress.done(), 3);
  EXPECT_DOUBLE_EQ(latest->progress.fraction(), 0.75);
  EXPECT_EQ(latest->progress.unit(), "runs");
  EXPECT_DOUBLE_EQ(latest->progress.metrics().at("quality"), 0.5);
  // 2 of 3 units left of the first took what 1 unit needs in half: some time.
  EXPECT_TRUE(latest->progress.has_eta());
  board_.Remove("a");
  EXPECT_FALSE(board_.Latest("a").has_value());
}

TEST_F(ProgressBoardTest, KnowsNoEtaBeforeAnythingIsDoneNorWithoutTotal) {
  board_.Update("a", 1, Update(0, 4));
  EXPECT_FALSE(board_.Latest("a")->progress.has_eta());
  board_.Update("b", 1, Update(7, 0));
  EXPECT_FALSE(board_.Latest("b")->progress.has_eta());
  EXPECT_EQ(board_.Latest("b")->progress.fraction(), 0);
}

TEST_F(ProgressBoardTest, PaceIsThatOfThePhase) {
  const auto has_eta = [this](const ProgressUpdate& update) {
    board_.Update("a", 1, update);
    return board_.Latest("a")->progress.has_eta();
  };
  EXPECT_FALSE(has_eta(Update(0, 4)));
  EXPECT_TRUE(has_eta(Update(2, 4)));
  // What was done of another phase says nothing of this one.
  EXPECT_FALSE(has_eta(Update(1, 4, "null")));
  EXPECT_TRUE(has_eta(Update(2, 4, "null")));
  // Nor does its first pass say anything of a second one.
  EXPECT_FALSE(has_eta(Update(1, 4, "null")));
  EXPECT_TRUE(has_eta(Update(2, 4, "null")));
  EXPECT_FALSE(has_eta(Update(2, 8, "null")));
  // A new attempt starts anew.
  board_.Update("a", 2, Update(3, 8, "null"));
  EXPECT_FALSE(board_.Latest("a")->progress.has_eta());
}

TEST_F(ProgressBoardTest, TellsAtOnceThenOnlyAtItsPace) {
  board_.Update("a", 1, Update(1, 1000));
  EXPECT_EQ(told_.size(), 1u);
  // A flood, and its last state is not lost: Flush tells of it when it is due.
  const auto before = std::chrono::steady_clock::now();
  for (int i = 2; i < 500; ++i) {
    board_.Update("a", 1, Update(i, 1000));
  }
  const auto most_windows =
      (std::chrono::steady_clock::now() - before) / kProgressInterval + 2;
  EXPECT_LE(told_.size(), static_cast<std::size_t>(most_windows));
  board_.Update("a", 1, Update(600, 1000));
  const std::size_t told = told_.size();
  const auto later = std::chrono::steady_clock::now() + kProgressInterval;
  EXPECT_EQ(board_.Flush(later), SteadyTime::max());
  EXPECT_LE(told_.size(), told + 1);
  EXPECT_GE(deferred_, 1);
  EXPECT_EQ(told_.back(), "a");
}

TEST_F(ProgressBoardTest, SaysWhenItMustBeFlushed) {
  const auto before = std::chrono::steady_clock::now();
  // Until two come within one interval, however slow this machine is.
  while (deferred_ == 0) {
    board_.Update("a", 1, Update(1, 10));
  }
  const SteadyTime due = board_.Flush(before);
  EXPECT_GE(due, before + kProgressInterval);
  EXPECT_LT(due, SteadyTime::max());
  const std::size_t told = told_.size();
  EXPECT_EQ(board_.Flush(due), SteadyTime::max());
  EXPECT_EQ(told_.size(), told + 1);
}

}  // namespace
}  // namespace modbound
