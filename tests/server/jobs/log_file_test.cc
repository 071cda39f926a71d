#include "server/jobs/log_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

constexpr int64_t kMostRead = int64_t{64} << 10;

// Numbered lines of different lengths; `all` has every byte ever appended.
class LogFileTest : public ::testing::Test {
 protected:
  void Append(const std::string& text) {
    auto log = LogFile::OpenToAppend(path_);
    ASSERT_TRUE(log.ok()) << log.status();
    const absl::Status status = log->Append(text);
    ASSERT_TRUE(status.ok()) << status;
    all_ += text;
  }
  void AppendLines(int count) {
    for (int i = 0; i < count; ++i) {
      Append(absl::StrCat(
          "line ", number_, std::string(number_ % 997, 'x'), "\n"));
      ++number_;
    }
  }
  absl::StatusOr<LogFile::Piece> Read(int64_t offset,
                                      int64_t most = kMostRead) {
    MODBOUND_ASSIGN_OR_RETURN(const LogFile log, LogFile::OpenToRead(path_));
    return log.Read(offset, most);
  }
  // All that is kept, checking that each piece is where it says.
  std::string ReadAll(int64_t most, int64_t& dropped) {
    std::string text;
    dropped = 0;
    for (int64_t offset = 0;;) {
      const auto piece = Read(offset, most);
      EXPECT_TRUE(piece.ok()) << piece.status();
      if (!piece.ok() || piece->text.empty()) {
        EXPECT_EQ(offset, static_cast<int64_t>(all_.size()));
        return text;
      }
      EXPECT_EQ(piece->offset, offset + piece->dropped);
      EXPECT_EQ(piece->text,
                all_.substr(static_cast<std::size_t>(piece->offset),
                            piece->text.size()));
      EXPECT_EQ(piece->text.back(), '\n');
      EXPECT_EQ(piece->text.rfind("line ", 0), 0U);
      dropped += piece->dropped;
      offset = piece->offset + static_cast<int64_t>(piece->text.size());
      text += piece->text;
    }
  }

  const TemporaryFolder folder_;
  const std::string path_ = folder_ / "log";
  std::string all_;
  std::size_t number_ = 0;
};

TEST_F(LogFileTest, GivesBackWhatWasAppended) {
  AppendLines(100);
  for (const int64_t most : {kMostLogLine, kMostRead}) {
    int64_t dropped = 0;
    EXPECT_EQ(ReadAll(most, dropped), all_);
    EXPECT_EQ(dropped, 0);
  }
}

TEST_F(LogFileTest, KeepsItsHeadAndItsLatestLinesWithinItsBound) {
  int64_t dropped = 0;
  // Checked at many places of the ring, not at one.
  for (int round = 0; round < 40; ++round) {
    AppendLines(211);
    const std::string text = ReadAll(kMostRead, dropped);
    EXPECT_EQ(static_cast<int64_t>(text.size()) + dropped,
              static_cast<int64_t>(all_.size()));
    EXPECT_LE(std::filesystem::file_size(path_),
              static_cast<std::uintmax_t>(kMostLogBytes));
  }
  const std::string text = ReadAll(kMostRead, dropped);
  EXPECT_GT(dropped, int64_t{1} << 20);
  EXPECT_GT(static_cast<int64_t>(text.size()), kMostLogBytes * 9 / 10);
  const std::string head = all_.substr(0, kLogHeadBytes * 9 / 10);
  EXPECT_EQ(text.substr(0, head.size()), head);
  EXPECT_EQ(text.substr(text.size() - 1000), all_.substr(all_.size() - 1000));
}

TEST_F(LogFileTest, GoesOnInTheMiddleOfALineAtAWholeCharacter) {
  Append("a\xc3\xa4z\nnext\n");  // ä
  EXPECT_EQ(Read(1)->text, "\xc3\xa4z\nnext\n");
  const auto piece = Read(2);  // inside it
  EXPECT_EQ(piece->text, "z\nnext\n");
  EXPECT_EQ(piece->offset, 3);
  EXPECT_EQ(piece->dropped, 0);
}

TEST_F(LogFileTest, RefusesOffsetsBeyondItsEnd) {
  Append("one\n");
  EXPECT_EQ(Read(4)->text, "");
  for (const int64_t offset : {-1, 5}) {
    const absl::Status status = Read(offset).status();
    EXPECT_EQ(ReasonOf(status), "OUT_OF_RANGE");
    EXPECT_EQ(FieldOf(status), "offset");
  }
}

// The bytes are written before the length: a crash between the two.
TEST_F(LogFileTest, LosesOnlyTheAppendThatACrashBrokeOff) {
  while (static_cast<int64_t>(all_.size()) < 2 * kMostLogBytes) {
    AppendLines(100);
  }
  std::string header(64, '\0');
  std::ifstream(path_, std::ios::binary).read(header.data(), 64);
  const std::string before = all_;
  Append("line " + std::string(kMostLogAppend - 6, 'y') + "\n");
  std::fstream(path_, std::ios::binary | std::ios::in | std::ios::out)
      .write(header.data(), 64);
  all_ = before;
  int64_t dropped = 0;
  const std::string text = ReadAll(kMostRead, dropped);
  EXPECT_EQ(text.find('y'), std::string::npos);
}

TEST_F(LogFileTest, SaysThatItIsDamaged) {
  for (const std::string& bytes :
       {std::string("x"),
        std::string(64, '\0'),
        std::string(64, 'x'),
        "modbound log 99 0" + std::string(47, ' '),
        "modbound log 5 900000" + std::string(43, ' ')}) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
    EXPECT_TRUE(absl::IsDataLoss(Read(0).status())) << bytes;
  }
}

}  // namespace
}  // namespace modbound
