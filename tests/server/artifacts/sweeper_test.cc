#include "server/artifacts/sweeper.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "server/artifacts/sha256.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

TEST(Sweeper, RemovesWhatIsOldWhileTheServerRuns) {
  const TemporaryFolder folder;
  const auto database = Database::Open(folder / "data");
  ASSERT_TRUE(database.ok()) << database.status();
  const auto artifacts = ArtifactStore::Open(**database);
  ASSERT_TRUE(artifacts.ok()) << artifacts.status();
  const auto uploads = UploadStore::Open(**database, **artifacts, 1000);
  ASSERT_TRUE(uploads.ok()) << uploads.status();
  const Sweeper sweeper(**artifacts, **uploads, std::chrono::milliseconds(1));
  // Twice: it goes on.
  for (const char* name : {"one", "two"}) {
    const std::string digest = Sha256Hex(name);
    const std::string file_folder =
        folder / "data/artifacts/" + digest.substr(0, 2);
    std::filesystem::create_directories(file_folder);
    const std::string orphan = file_folder + "/" + digest;
    std::ofstream(orphan) << name;
    const std::string upload = folder / "data/uploads/x.bytes";
    std::ofstream(upload) << name;
    std::filesystem::last_write_time(
        upload,
        std::filesystem::file_time_type::clock::now() - std::chrono::hours(25));
    while (std::filesystem::exists(orphan) || std::filesystem::exists(upload)) {
      std::this_thread::yield();
    }
  }
}

TEST(Sweeper, EndsAtOnce) {
  const TemporaryFolder folder;
  const auto database = Database::Open(folder / "data");
  ASSERT_TRUE(database.ok()) << database.status();
  const auto artifacts = ArtifactStore::Open(**database);
  ASSERT_TRUE(artifacts.ok()) << artifacts.status();
  const auto uploads = UploadStore::Open(**database, **artifacts, 1000);
  ASSERT_TRUE(uploads.ok()) << uploads.status();
  // Or this test would take an hour.
  const Sweeper sweeper(**artifacts, **uploads);
}

}  // namespace
}  // namespace modbound
