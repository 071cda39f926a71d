#include "server/auth/audit_file.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/files/file_io.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

namespace fs = std::filesystem;

class AuditFileTest : public testing::Test {
 protected:
  AuditFileTest() : folder_path_(folder_.path()) {}

  static AuditRecord Record(const std::string& job) {
    return {1700000000123456, "submit", {{"owner", "alice"}, {"job", job}}};
  }
  std::string Read(const std::string& name = "audit.log") const {
    std::ifstream file(folder_path_ + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Write(const std::string& text) const {
    std::ofstream(folder_path_ + "/audit.log", std::ios::binary) << text;
  }
  void AppendThree() const {
    AuditFile file(folder_path_);
    ASSERT_TRUE(file.Append({Record("a"), Record("b")}).ok());
    ASSERT_TRUE(file.Append({Record("c")}).ok());
    ASSERT_TRUE(file.Sync().ok());
  }
  absl::StatusOr<int64_t> Verify() const {
    return VerifyAuditLog(folder_path_);
  }

  TemporaryFolder folder_;
  const std::string folder_path_;
};

TEST_F(AuditFileTest, WritesAChainOfJsonLines) {
  AppendThree();
  const std::string text = Read();
  const auto first = nlohmann::json::parse(text.substr(0, text.find('\n')));
  EXPECT_EQ(first["number"], 1);
  EXPECT_EQ(first["time"], "2023-11-14T22:13:20.123456Z");
  EXPECT_EQ(first["event"], "submit");
  EXPECT_EQ(first["owner"], "alice");
  EXPECT_EQ(first["previous"], std::string(64, '0'));
  EXPECT_EQ(*Verify(), 3);
}

TEST_F(AuditFileTest, IsForItsOwnerAlone) {
  AppendThree();
  EXPECT_EQ(fs::status(folder_path_ + "/audit.log").permissions() &
                (fs::perms::group_all | fs::perms::others_all),
            fs::perms::none);
}

TEST_F(AuditFileTest, EveryChangedByteIsFound) {
  AppendThree();
  const std::string text = Read();
  // Nothing comes after the last line that would show its bytes.
  const std::size_t end = text.rfind('\n', text.size() - 2);
  for (std::size_t at = 0; at < end; ++at) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    Write(changed);
    EXPECT_TRUE(absl::IsDataLoss(Verify().status())) << at;
  }
}

TEST_F(AuditFileTest, ALineThatWentOrCameIsFound) {
  AppendThree();
  const std::string text = Read();
  const std::size_t one = text.find('\n') + 1;
  const std::size_t two = text.find('\n', one) + 1;
  Write(text.substr(0, one) + text.substr(two));
  EXPECT_TRUE(absl::IsDataLoss(Verify().status()));
  Write(text.substr(0, two) + text.substr(one));
  EXPECT_TRUE(absl::IsDataLoss(Verify().status()));
  Write(text);
  EXPECT_EQ(*Verify(), 3);
}

TEST_F(AuditFileTest, WhatACrashLeftOfALineGoes) {
  AppendThree();
  // Longer than the line that follows: what is not cut off would stay.
  Write(Read() + "{\"number\":4,\"time\":\"" + std::string(1000, 'x'));
  AuditFile file(folder_path_);
  ASSERT_TRUE(file.Append({Record("d")}).ok());
  EXPECT_EQ(*Verify(), 4);
}

// Of writes that were not synced, a power cut may lose an earlier one.
TEST_F(AuditFileTest, WhatFollowsAHoleGoesAsideAndIsToldOf) {
  AppendThree();
  const std::string text = Read();
  const std::size_t two = text.find('\n') + 1;
  const std::string rest = std::string(20, '\0') + text.substr(two + 20);
  Write(text.substr(0, two) + rest);
  EXPECT_TRUE(absl::IsDataLoss(Verify().status()));
  AuditFile file(folder_path_);
  ASSERT_TRUE(file.Append({Record("d")}).ok());
  EXPECT_EQ(*Verify(), 3);
  EXPECT_NE(Read().find("cut_at_hole"), std::string::npos);
  EXPECT_EQ(*ReadFile(folder_path_ + "/audit.log.hole"), rest);
}

TEST_F(AuditFileTest, TextOfAnyBytesStaysOneLine) {
  AuditFile file(folder_path_);
  ASSERT_TRUE(file.Append({Record("a\n\"\\\x01\xff\xc3")}).ok());
  ASSERT_TRUE(file.Append({Record("b")}).ok());
  EXPECT_EQ(*Verify(), 2);
}

TEST_F(AuditFileTest, TwoProcessesMakeOneChain) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      AuditFile file(folder_path_, {2000, 10000});
      for (int j = 0; j < 50; ++j) {
        EXPECT_TRUE(file.Append({Record("a"), Record("b")}).ok());
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(*Verify(), 400);
}

TEST_F(AuditFileTest, TheChainGoesOnOverFilesOfBoundedSizeAndNumber) {
  const AuditLimits limits{1000, 3};
  for (int i = 0; i < 100; ++i) {
    AuditFile file(folder_path_, limits);
    ASSERT_TRUE(file.Append({Record("a")}).ok());
  }
  EXPECT_TRUE(fs::exists(folder_path_ + "/audit.log.3"));
  EXPECT_FALSE(fs::exists(folder_path_ + "/audit.log.4"));
  for (const auto& entry : fs::directory_iterator(folder_path_)) {
    EXPECT_LT(entry.file_size(), 1500U) << entry.path();
  }
  EXPECT_GT(*Verify(), 6);
  // A file that went from the middle is missed.
  fs::remove(folder_path_ + "/audit.log.1");
  fs::rename(folder_path_ + "/audit.log.2", folder_path_ + "/audit.log.1");
  AuditFile file(folder_path_, limits);
  ASSERT_TRUE(file.Append({Record("a")}).ok());
  EXPECT_TRUE(absl::IsDataLoss(Verify().status()));
}

TEST_F(AuditFileTest, ACopyEndsWithAWholeLine) {
  const std::string copy = folder_ / "copy";
  fs::create_directory(copy);
  EXPECT_TRUE(CopyAuditLog(folder_path_, copy).ok()) << "there is none";
  EXPECT_TRUE(fs::is_empty(copy));
  AppendThree();
  const std::string whole = Read();
  Write(whole + "{\"number\":4,");
  std::ofstream(folder_path_ + "/audit.log.hole") << "of old";
  EXPECT_TRUE(CopyAuditLog(folder_path_, copy).ok());
  EXPECT_EQ(Read("copy/audit.log"), whole);
  EXPECT_EQ(Read("copy/audit.log.hole"), "of old");
}

TEST_F(AuditFileTest, EachCopyIsAChainWhileAnotherProcessAppends) {
  std::atomic<bool> stop{false};
  std::thread appender([&] {
    // Files go aside all the time.
    AuditFile file(folder_path_, {.file_bytes = 500, .files = 4});
    while (!stop) {
      EXPECT_TRUE(file.Append({Record("a"), Record("b")}).ok());
      // A lock is not given in turn: whoever asks without a pause has it.
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  });
  while (!fs::exists(folder_path_ + "/audit.log.4")) {
    std::this_thread::yield();
  }
  for (int i = 0; i < 50; ++i) {
    const std::string copy = folder_ / ("copy" + std::to_string(i));
    fs::create_directory(copy);
    EXPECT_TRUE(CopyAuditLog(folder_path_, copy).ok());
    EXPECT_GE(VerifyAuditLog(copy).value_or(0), 8) << i;
    EXPECT_TRUE(fs::exists(copy + "/audit.log.4")) << i;
  }
  stop = true;
  appender.join();
}

TEST_F(AuditFileTest, NoLogIsSaid) {
  EXPECT_TRUE(absl::IsNotFound(Verify().status()));
}

}  // namespace
}  // namespace modbound
