#include "server/files/copy_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

TEST(CopyFile, TakesAllOrTheBeginning) {
  const TemporaryFolder folder;
  // Longer than one piece, and no multiple of it.
  std::string bytes;
  for (int i = 0; bytes.size() < (5U << 20); ++i) {
    bytes += std::to_string(i);
  }
  const std::string path = folder / "from";
  ASSERT_TRUE(OverwriteFile(path, bytes).ok());
  const auto from = OpenFile(path, O_RDONLY);
  ASSERT_TRUE(from.ok()) << from.status();
  EXPECT_TRUE(CopyFile(*from, path, folder / "all").ok());
  EXPECT_EQ(*ReadFile(folder / "all"), bytes);
  const auto most = static_cast<int64_t>(3U << 20);
  EXPECT_TRUE(CopyFile(*from, path, folder / "some", most).ok());
  EXPECT_EQ(*ReadFile(folder / "some"), bytes.substr(0, 3U << 20));
  EXPECT_TRUE(CopyFile(*from, path, folder / "none", 0).ok());
  EXPECT_EQ(*ReadFile(folder / "none"), "");
}

TEST(CopyFile, ReplacesNothing) {
  const TemporaryFolder folder;
  const std::string path = folder / "from";
  ASSERT_TRUE(OverwriteFile(path, "new").ok());
  ASSERT_TRUE(OverwriteFile(folder / "to", "old").ok());
  const auto from = OpenFile(path, O_RDONLY);
  EXPECT_FALSE(CopyFile(*from, path, folder / "to").ok());
  EXPECT_EQ(*ReadFile(folder / "to"), "old");
}

}  // namespace
}  // namespace modbound
