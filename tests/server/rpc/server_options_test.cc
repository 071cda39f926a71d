#include "server/rpc/server_options.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "tests/support/temporary_folder.h"

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

TEST(ParseCommandLine, ReadsTheFlagsOfWorkers) {
  const auto usual = Parse({"--data_dir=/d"});
  ASSERT_TRUE(usual.ok()) << usual.status();
  EXPECT_EQ(usual->options.worker, WorkerUse::kAuto);
  EXPECT_EQ(usual->options.max_worker_attempts, 3);
  const WorkerOptions& defaults = usual->options.worker_options;
  EXPECT_EQ(std::filesystem::path(defaults.program).parent_path(),
            std::filesystem::read_symlink("/proc/self/exe").parent_path());
  EXPECT_EQ(defaults.hang_limit, WorkerOptions().hang_limit);
  EXPECT_EQ(defaults.memory_slack_bytes, WorkerOptions().memory_slack_bytes);
  const auto line = Parse({"--data_dir=/d",
                           "--worker=always",
                           "--worker_program=/p",
                           "--worker_hang_seconds=2.5",
                           "--worker_memory_slack=1G",
                           "--max_worker_attempts=0"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->options.worker, WorkerUse::kAlways);
  EXPECT_EQ(line->options.max_worker_attempts, 0);
  EXPECT_EQ(line->options.worker_options.program, "/p");
  EXPECT_EQ(line->options.worker_options.hang_limit,
            std::chrono::milliseconds(2500));
  EXPECT_EQ(line->options.worker_options.memory_slack_bytes, int64_t{1} << 30);
  EXPECT_EQ(Parse({"--data_dir=/d", "--worker=never"})->options.worker,
            WorkerUse::kNever);
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
                           "--worker=maybe",
                           "--max_stored_bytes=all",
                           "--max_stored_bytes_per_owner=-1",
                           "--worker_hang_seconds=1",
                           "--worker_memory_slack=none",
                           "--max_worker_attempts=-1",
                           "--config=/no/such/file",
                           "extra"}) {
    const auto line = Parse({"--data_dir=/d", flag});
    ASSERT_EQ(line.status().code(), absl::StatusCode::kInvalidArgument) << flag;
    const std::string message(line.status().message());
    EXPECT_FALSE(message.empty()) << flag;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST(ParseCommandLine, OtherMachinesNeedTlsAndNames) {
  for (const std::vector<const char*>& flags :
       {std::vector<const char*>{},
        {"--require_tokens"},
        {"--tls_cert=c", "--tls_key=k"},
        {"--client_ca=a", "--require_tokens"}}) {
    auto all = flags;
    all.insert(all.end(), {"--data_dir=/d", "--listen=0.0.0.0:1"});
    EXPECT_EQ(FieldOf(Parse(all).status()), "listen");
  }
  for (const char* named : {"--require_tokens", "--client_ca=a"}) {
    EXPECT_TRUE(Parse({"--data_dir=/d",
                       "--listen=0.0.0.0:1",
                       "--tls_cert=c",
                       "--tls_key=k",
                       named})
                    .ok())
        << named;
  }
}

TEST(ParseCommandLine, ReadsTokenCommands) {
  using Action = TokenCommand::Action;
  const auto create = Parse({"token",
                             "create",
                             "alice",
                             "--expires=90d",
                             "--certificate=pc",
                             "--data_dir=/d"});
  ASSERT_TRUE(create.ok()) << create.status();
  ASSERT_TRUE(create->token.has_value());
  EXPECT_EQ(create->token->action, Action::kCreate);
  EXPECT_EQ(create->token->owner, "alice");
  EXPECT_EQ(create->token->certificate, "pc");
  EXPECT_EQ(create->token->lifetime_us, int64_t{90} * 86400 * 1000000);
  EXPECT_EQ(create->options.data_dir, "/d");
  EXPECT_EQ(Parse({"--data_dir=/d", "token", "revoke", "ab"})->token->id, "ab");
  EXPECT_TRUE(Parse({"--data_dir=/d", "token", "list", "--json"})->token->json);
  EXPECT_FALSE(Parse({"--data_dir=/d"})->token.has_value());
  for (const std::vector<const char*>& flags :
       {std::vector<const char*>{"token"},
        {"token", "create"},
        {"token", "revoke"},
        {"token", "other"},
        {"token", "create", "a", "--expires=soon"}}) {
    EXPECT_FALSE(Parse(flags).ok());
  }
}

class ConfigFile : public testing::Test {
 protected:
  absl::StatusOr<CommandLine> ParseWith(const std::string& text,
                                        std::vector<const char*> flags = {}) {
    std::ofstream(path_) << text;
    flag_ = "--config=" + path_;
    flags.push_back(flag_.c_str());
    return Parse(flags);
  }

 private:
  // Of this test alone: others run at the same time.
  const TemporaryFolder folder_;
  const std::string path_ = folder_ / "modboundd.conf";
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

// They have the server's file, and do not listen.
TEST_F(ConfigFile, GivesCommandsTheirFolder) {
  for (const std::vector<const char*>& command :
       {std::vector<const char*>{"token", "list"},
        {"--verify"},
        {"--backup=/b"}}) {
    const auto line =
        ParseWith("data_dir=/from/file\nlisten=0.0.0.0:5\n", command);
    ASSERT_TRUE(line.ok()) << line.status();
    EXPECT_EQ(line->options.data_dir, "/from/file");
  }
}

TEST(ParseCommandLine, HelpAndVersionOnlyPrint) {
  for (const char* flag : {"--help", "--version"}) {
    const auto line = Parse({flag});
    ASSERT_TRUE(line.ok()) << line.status();
    EXPECT_NE(line->text.find("modbound"), std::string::npos);
    EXPECT_EQ(line->text.back(), '\n');
  }
}

TEST(ParseCommandLine, TimeBetweenCheckpointsIsKnownButNotShown) {
  const auto line = Parse({"--data_dir=/d", "--checkpoint_seconds=0.2"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->options.checkpoint_seconds, 0.2);
  EXPECT_FALSE(Parse({"--data_dir=/d", "--checkpoint_seconds=-1"}).ok());
  EXPECT_EQ(Parse({"--help"})->text.find("checkpoint"), std::string::npos);
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
