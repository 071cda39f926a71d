#include "server/jobs/kept_checkpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class KeptCheckpointsTest : public ::testing::Test {
 protected:
  KeptCheckpointsTest() { EXPECT_TRUE(kept_.TakeOver({}).ok()); }

  // Directory of an attempt, with a checkpoint that holds `text` unless empty.
  std::string Attempt(const std::string& name, const std::string& text) {
    const std::string dir = folder_ / ("attempts/" + name);
    std::filesystem::create_directories(dir + "/checkpoint");
    std::ofstream(dir + "/attempt.binpb") << "spec";
    if (!text.empty()) {
      std::ofstream(dir + "/checkpoint/7") << text;
    }
    return dir;
  }
  std::vector<std::string> Names(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder_ / folder)) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  static std::string TextIn(const std::string& dir) {
    std::ifstream file(dir + "/checkpoint/7");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryFolder folder_;
  KeptCheckpoints kept_{folder_.path()};
};

TEST_F(KeptCheckpointsTest, GoFromOneAttemptToTheNext) {
  kept_.Keep("a", Attempt("a-1", "state"));
  EXPECT_THAT(Names("checkpoints"), ElementsAre("a"));
  const std::string next = Attempt("a-2", "");
  kept_.Give("a", next);
  EXPECT_EQ(TextIn(next), "state");
  EXPECT_THAT(Names("checkpoints"), IsEmpty());
  // Only once.
  const std::string other = Attempt("a-3", "");
  kept_.Give("a", other);
  EXPECT_EQ(TextIn(other), "");
}

TEST_F(KeptCheckpointsTest, AnAttemptWithoutOneLeavesWhatIsKept) {
  kept_.Keep("a", Attempt("a-1", "state"));
  kept_.Keep("a", Attempt("a-2", ""));
  kept_.Keep("a", "");
  kept_.Keep("a", Attempt("a-3", "later"));
  const std::string next = Attempt("a-4", "");
  kept_.Give("a", next);
  EXPECT_EQ(TextIn(next), "later");
}

TEST_F(KeptCheckpointsTest, GoWithTheJob) {
  kept_.Keep("a", Attempt("a-1", "state"));
  kept_.Keep("b", Attempt("b-1", "state"));
  kept_.Forget("a");
  kept_.Forget("c");
  EXPECT_THAT(Names("checkpoints"), ElementsAre("b"));
}

TEST_F(KeptCheckpointsTest, AreTakenOverFromACrash) {
  kept_.Keep("kept", Attempt("kept-1", "kept"));
  kept_.Keep("again", Attempt("again-1", "old"));
  kept_.Keep("ended", Attempt("ended-1", "kept"));
  Attempt("again-2", "new");
  Attempt("running-9", "older");
  Attempt("running-10", "newest");
  Attempt("running-11", "");
  Attempt("over-1", "state");
  Attempt("no attempt", "state");
  KeptCheckpoints next(folder_.path());
  ASSERT_TRUE(next.TakeOver({"kept", "again", "running", "fresh"}).ok());
  EXPECT_THAT(Names("attempts"), IsEmpty());
  EXPECT_THAT(Names("checkpoints"), ElementsAre("again", "kept", "running"));
  for (const auto& [job, text] :
       std::vector<std::pair<std::string, std::string>>{{"kept", "kept"},
                                                        {"again", "new"},
                                                        {"running", "newest"},
                                                        {"fresh", ""}}) {
    const std::string dir = Attempt(job + "-20", "");
    next.Give(job, dir);
    EXPECT_EQ(TextIn(dir), text) << job;
  }
}

}  // namespace
}  // namespace modbound
