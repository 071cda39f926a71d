#include "server/jobs/attempt_directories.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/executors/attempt.h"
#include "server/executors/attempt_files.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

namespace fs = std::filesystem;

constexpr char kFirstToken[] = "00112233445566778899aabbccddeeff";
constexpr char kSecondToken[] = "ffeeddccbbaa99887766554433221100";

ino_t InodeOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_ino;
}

std::ptrdiff_t EntriesOf(const std::string& path) {
  return std::distance(fs::directory_iterator(path), fs::directory_iterator());
}

class AttemptDirectoriesTest : public ::testing::Test {
 protected:
  AttemptDirectoriesTest() { EXPECT_TRUE(directories_.Open().ok()); }

  // As an attempt of a small job leaves it.
  std::string Ended(const std::string& name, const std::string& token) {
    std::string dir = folder_ / name;
    EXPECT_TRUE(directories_.Make(dir).ok());
    internal::AttemptSpec spec;
    spec.set_token(token);
    EXPECT_TRUE(WriteAttemptSpec(dir, spec).ok());
    internal::AttemptResult result;
    result.set_token(token);
    EXPECT_TRUE(WriteAttemptResult(dir, result).ok());
    return dir;
  }

  const TemporaryFolder folder_;
  AttemptDirectories directories_{folder_.path()};
};

TEST_F(AttemptDirectoriesTest, GivesTheDirectoryOfASmallAttemptToTheNext) {
  const std::string first = Ended("first", kFirstToken);
  const ino_t inode = InodeOf(first);
  const ino_t result_inode = InodeOf(first + "/result.binpb");
  directories_.Release(first);
  EXPECT_FALSE(fs::exists(first));

  const std::string second = folder_ / "second";
  ASSERT_TRUE(directories_.Make(second).ok());
  EXPECT_EQ(InodeOf(second), inode);
  // Nothing of the first is left in it, for either token.
  for (const char* token : {kFirstToken, kSecondToken}) {
    EXPECT_TRUE(absl::IsNotFound(ReadAttemptResult(second, token).status()));
    EXPECT_FALSE(ReadAttemptSpec(second, token).ok());
  }
  EXPECT_EQ(fs::file_size(second + "/attempt.binpb"), 0);
  EXPECT_EQ(fs::file_size(second + "/result.binpb"), 0);

  internal::AttemptResult result;
  result.set_token(kSecondToken);
  ASSERT_TRUE(WriteAttemptResult(second, result).ok());
  EXPECT_EQ(InodeOf(second + "/result.binpb"), result_inode);
  EXPECT_TRUE(ReadAttemptResult(second, kSecondToken).ok());
}

TEST_F(AttemptDirectoriesTest, RemovesOneThatHoldsMore) {
  const std::string dir = Ended("first", kFirstToken);
  fs::create_directory(dir + "/out");
  directories_.Release(dir);
  EXPECT_FALSE(fs::exists(dir));
  EXPECT_EQ(EntriesOf(folder_ / "spare"), 0);
}

TEST_F(AttemptDirectoriesTest, KeepsEight) {
  std::vector<std::string> dirs;
  for (int i = 0; i < 12; ++i) {
    dirs.push_back(Ended(std::to_string(i), kFirstToken));
  }
  for (const std::string& dir : dirs) {
    directories_.Release(dir);
    EXPECT_FALSE(fs::exists(dir));
  }
  EXPECT_EQ(EntriesOf(folder_ / "spare"), 8);
}

TEST_F(AttemptDirectoriesTest, NeverGivesOneToTwo) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < 100; ++j) {
        const std::string token = absl::StrCat("token ", i, " ", j);
        const std::string dir = Ended(absl::StrCat(i, "-", j), token);
        EXPECT_TRUE(ReadAttemptResult(dir, token).ok());
        directories_.Release(dir);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_LE(EntriesOf(folder_ / "spare"), 8);
  EXPECT_GE(EntriesOf(folder_ / "spare"), 1);
}

TEST_F(AttemptDirectoriesTest, MakesOneAnewWhereTheSpareOneIsGone) {
  directories_.Release(Ended("first", kFirstToken));
  fs::remove_all(folder_ / "spare");
  ASSERT_TRUE(directories_.Make(folder_ / "second").ok());
  EXPECT_EQ(EntriesOf(folder_ / "second"), 0);
}

TEST_F(AttemptDirectoriesTest, LeavesNoneBehind) {
  {
    AttemptDirectories others(folder_ / "");
    directories_.Release(Ended("first", kFirstToken));
    EXPECT_EQ(EntriesOf(folder_ / "spare"), 1);
    // As the start after a kill.
    ASSERT_TRUE(others.Open().ok());
    EXPECT_EQ(EntriesOf(folder_ / "spare"), 0);
  }
  EXPECT_FALSE(fs::exists(folder_ / "spare"));
}

}  // namespace
}  // namespace modbound
