#include "server/rpc/server_options.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

absl::StatusOr<CommandLine> Parse(std::vector<const char*> flags) {
  flags.insert(flags.begin(), "modboundd");
  return ParseCommandLine(static_cast<int>(flags.size()), flags.data());
}

TEST(ParseCommandLine, HasDefaultsForEverything) {
  const auto line = Parse({"--data_dir=/d"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->options.listen.Text(), "127.0.0.1:50061");
  EXPECT_GE(line->options.cores, 1);
  EXPECT_GT(line->options.memory_limit_bytes, int64_t{1} << 20);
  EXPECT_EQ(line->text, "");
}

TEST(ParseCommandLine, FlagsMayBeSpelledEitherWay) {
  for (const auto& flags : std::vector<std::vector<const char*>>{
           {"--data_dir=/d", "--memory_limit=2G", "--log_level=debug"},
           {"--data-dir=/d", "--memory-limit=2G", "--log-level=debug"},
           {"--data-dir",
            "/d",
            "--memory-limit",
            "2G",
            "--log-level",
            "debug"}}) {
    const auto line = Parse(flags);
    ASSERT_TRUE(line.ok()) << line.status();
    EXPECT_EQ(line->options.data_dir, "/d");
    EXPECT_EQ(line->options.memory_limit_bytes, int64_t{1} << 31);
    EXPECT_EQ(line->options.log_level, "debug");
  }
}

TEST(ParseCommandLine, RefusesInOneLine) {
  for (const char* flag : {"--nosuch=1",
                           "--cores=0",
                           "--cores=x",
                           "--cores=5000",
                           "--memory_limit=1",
                           "--memory_limit=-5G",
                           "--memory_limit=lots",
                           "--listen=0.0.0.0:1",
                           "--listen=nowhere",
                           "--log_level=loud",
                           "--config=/no/such/file",
                           "extra"}) {
    const auto line = Parse({"--data_dir=/d", flag});
    ASSERT_EQ(line.status().code(), absl::StatusCode::kInvalidArgument) << flag;
    const std::string message(line.status().message());
    EXPECT_FALSE(message.empty()) << flag;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

class ConfigFile : public testing::Test {
 protected:
  ConfigFile() : path_(testing::TempDir() + "modboundd_test.conf") {}
  ~ConfigFile() override { std::filesystem::remove(path_); }
  absl::StatusOr<CommandLine> ParseWith(const std::string& text,
                                        std::vector<const char*> flags = {}) {
    std::ofstream(path_) << text;
    flag_ = "--config=" + path_;
    flags.push_back(flag_.c_str());
    return Parse(flags);
  }
  std::string path_;
  std::string flag_;
};

TEST_F(ConfigFile, GivesFlagsThatTheCommandLineOverrides) {
  const auto line = ParseWith(
      "# a comment\ndata_dir=/from/file\ncores=3\nlisten=127.0.0.1:1\n",
      {"--cores=2"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->options.data_dir, "/from/file");
  EXPECT_EQ(line->options.cores, 2);
  EXPECT_EQ(line->options.listen.port, 1);
}

TEST_F(ConfigFile, RefusesUnknownAndRefusedFlags) {
  EXPECT_FALSE(ParseWith("nosuch=1\n").ok());
  EXPECT_FALSE(ParseWith("cores=0\n").ok());
  EXPECT_FALSE(ParseWith("listen=0.0.0.0:5\n").ok());
}

TEST(ParseCommandLine, HelpAndVersionOnlyPrint) {
  for (const char* flag : {"--help", "--version"}) {
    const auto line = Parse({flag});
    ASSERT_TRUE(line.ok()) << line.status();
    EXPECT_NE(line->text.find("modbound"), std::string::npos);
    EXPECT_EQ(line->text.back(), '\n');
  }
}

TEST(ParseBytes, ReadsNumbersWithUnits) {
  // 1.5 * 2^30 = 1,610,612,736.
  for (const auto& [text, bytes] :
       std::vector<std::pair<std::string, int64_t>>{{"1", 1},
                                                    {"1048576", 1048576},
                                                    {"1K", 1024},
                                                    {"3m", 3 << 20},
                                                    {"1.5G", 1610612736},
                                                    {"2T", int64_t{1} << 41}}) {
    const auto parsed = ParseBytes(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, bytes) << text;
  }
}

TEST(ParseBytes, RefusesAnythingElse) {
  for (const std::string text : {"",
                                 "0",
                                 "-1",
                                 "G",
                                 "1X",
                                 "1GB",
                                 "1 G",
                                 "nan",
                                 "inf",
                                 "1e30",
                                 "9999999T"}) {
    EXPECT_FALSE(ParseBytes(text).ok()) << text;
  }
}

TEST(DefaultDataDir, IsTheUsersDataFolder) {
  const char* old_home = std::getenv("HOME");
  const std::string home = old_home == nullptr ? "" : old_home;
  ::setenv("XDG_DATA_HOME", "/x", 1);
  EXPECT_EQ(DefaultDataDir(), "/x/modbound");
  ::unsetenv("XDG_DATA_HOME");
  ::setenv("HOME", "/h", 1);
  EXPECT_EQ(DefaultDataDir(), "/h/.local/share/modbound");
  ::unsetenv("HOME");
  EXPECT_EQ(DefaultDataDir(), "");
  EXPECT_EQ(FieldOf(Parse({}).status()), "data_dir");
  ::setenv("HOME", home.c_str(), 1);
}

}  // namespace
}  // namespace modbound
