#include "server/artifacts/upload_store.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/error.h"
#include "tests/support/io_fault.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

constexpr int64_t kMaxBytes = int64_t{1} << 28;
constexpr UploadLimits kLimits = {.of_owner = 3, .in_all = 4};

std::string Doubles(int64_t count) {
  std::string bytes(static_cast<std::size_t>(8 * count), '\0');
  for (int64_t i = 0; i < count; ++i) {
    const double value = static_cast<double>(i) - 3;
    std::memcpy(bytes.data() + 8 * i, &value, 8);
  }
  return bytes;
}

v1::UploadRequest::Header Header(const std::vector<int64_t>& shape,
                                 const std::string& id = "",
                                 DTypeEnum dtype = v1::DType::FLOAT64) {
  v1::UploadRequest::Header header;
  header.set_dtype(dtype);
  header.mutable_shape()->Add(shape.begin(), shape.end());
  header.set_upload_id(id);
  return header;
}

v1::UploadRequest::Chunk Chunk(int64_t offset, const std::string& data) {
  v1::UploadRequest::Chunk chunk;
  chunk.set_offset(offset);
  chunk.set_data(data);
  chunk.set_crc32(static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size())));
  return chunk;
}

class UploadStoreTest : public ::testing::Test {
 protected:
  UploadStoreTest() { Reopen(); }

  void Reopen() {
    uploads_.reset();
    artifacts_.reset();
    database_.reset();
    auto database = Database::Open(folder_ / "data");
    ASSERT_TRUE(database.ok()) << database.status();
    database_ = std::move(*database);
    auto artifacts = ArtifactStore::Open(*database_);
    ASSERT_TRUE(artifacts.ok()) << artifacts.status();
    artifacts_ = std::move(*artifacts);
    auto uploads =
        UploadStore::Open(*database_, *artifacts_, kMaxBytes, kLimits);
    ASSERT_TRUE(uploads.ok()) << uploads.status();
    uploads_ = std::move(*uploads);
  }
  std::unique_ptr<Upload> Begin(const v1::UploadRequest::Header& header,
                                const std::string& owner = "o") {
    auto upload = uploads_->Begin(owner, header);
    EXPECT_TRUE(upload.ok()) << upload.status();
    return upload.ok() ? std::move(*upload) : nullptr;
  }
  absl::Status Refused(const v1::UploadRequest::Header& header) {
    return uploads_->Begin("o", header).status();
  }
  // Files of uploads in progress.
  int Files() const {
    int count = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder_ / "data/uploads")) {
      count += entry.path().filename() == "boot" ? 0 : 1;
    }
    return count;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<ArtifactStore> artifacts_;
  std::unique_ptr<UploadStore> uploads_;
};

TEST_F(UploadStoreTest, TurnsChunksIntoAnArtifact) {
  for (const int64_t count : {int64_t{0}, int64_t{10}, int64_t{30000}}) {
    const std::string bytes = Doubles(count);
    auto header = Header({count, 1});
    header.set_sha256(Sha256Hex(bytes));
    const auto upload = Begin(header);
    for (std::size_t at = 0; at < bytes.size(); at += 65536) {
      ASSERT_TRUE(
          upload
              ->Append(Chunk(static_cast<int64_t>(at), bytes.substr(at, 65536)))
              .ok());
    }
    EXPECT_EQ(upload->committed_bytes(), 8 * count);
    const auto response = upload->Finish();
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->array().artifact(), Sha256Hex(bytes));
    EXPECT_EQ(response->array().dtype(), v1::DType::FLOAT64);
    ASSERT_EQ(response->array().shape_size(), 2);
    EXPECT_EQ(response->array().shape(0), count);
    EXPECT_EQ(response->size_bytes(), 8 * count);
    EXPECT_EQ(response->facts().min(), count == 0 ? 0 : -3);
    EXPECT_EQ(response->facts().max(),
              count == 0 ? 0 : static_cast<double>(count) - 4);
    EXPECT_EQ(*artifacts_->ReadBytes(Sha256Hex(bytes)), bytes);
  }
  EXPECT_EQ(Files(), 0);
}

TEST_F(UploadStoreTest, KeepsTheFactsItScanned) {
  const std::string bytes = Doubles(4);
  const auto upload = Begin(Header({2, 2}));
  ASSERT_TRUE(upload->Append(Chunk(0, bytes)).ok());
  ASSERT_TRUE(upload->Finish().ok());
  int64_t rows = 0;
  ASSERT_TRUE(database_
                  ->Read([&](Connection& connection) -> absl::Status {
                    MODBOUND_ASSIGN_OR_RETURN(
                        Statement statement,
                        connection.Prepare(
                            "SELECT count(*) FROM fact WHERE shape = '2,2'"));
                    MODBOUND_RETURN_IF_ERROR(statement.Step().status());
                    rows = statement.Int(0);
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_EQ(rows, 1);
}

TEST_F(UploadStoreTest, RefusesABadChunkAndGoesOnAfterIt) {
  const std::string bytes = Doubles(20);
  const auto upload = Begin(Header({20}));
  ASSERT_TRUE(upload->Append(Chunk(0, bytes.substr(0, 80))).ok());
  auto wrong_crc = Chunk(80, bytes.substr(80));
  wrong_crc.set_crc32(wrong_crc.crc32() ^ 1);
  const std::vector<std::pair<v1::UploadRequest::Chunk, std::string>> bad = {
      {Chunk(81, bytes.substr(81)), "chunk.offset"},
      {Chunk(79, bytes.substr(79)), "chunk.offset"},
      {Chunk(0, bytes.substr(0, 80)), "chunk.offset"},
      {Chunk(-80, bytes.substr(80)), "chunk.offset"},
      {Chunk(80, bytes.substr(80) + "x"), "chunk.data"},
      {wrong_crc, "chunk.crc32"}};
  for (const auto& [chunk, field] : bad) {
    const absl::Status status = upload->Append(chunk);
    EXPECT_EQ(ReasonOf(status), "BAD_CHUNK") << status;
    EXPECT_EQ(FieldOf(status), field);
    EXPECT_EQ(upload->committed_bytes(), 80);
  }
  ASSERT_TRUE(upload->Append(Chunk(80, bytes.substr(80))).ok());
  EXPECT_EQ(upload->Finish()->array().artifact(), Sha256Hex(bytes));
}

TEST_F(UploadStoreTest, RefusesAnEndBeforeTheLastByte) {
  const auto upload = Begin(Header({20}));
  ASSERT_TRUE(upload->Append(Chunk(0, Doubles(19))).ok());
  const absl::Status status = upload->Finish().status();
  EXPECT_EQ(ReasonOf(status), "BAD_CHUNK") << status;
  EXPECT_TRUE(*artifacts_->FindMissing("o", {Sha256Hex(Doubles(19))}) ==
              std::vector<std::string>{Sha256Hex(Doubles(19))});
}

TEST_F(UploadStoreTest, RefusesBytesOfAnotherDigestAndForgetsThem) {
  auto header = Header({2}, "id");
  header.set_sha256(Sha256Hex("something else"));
  auto upload = Begin(header);
  ASSERT_TRUE(upload->Append(Chunk(0, Doubles(2))).ok());
  const absl::Status status = upload->Finish().status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_EQ(ReasonOf(status), "DIGEST_MISMATCH");
  EXPECT_FALSE(artifacts_->Size(Sha256Hex(Doubles(2))).ok());
  upload.reset();
  EXPECT_EQ(Files(), 0);
  EXPECT_EQ(Begin(header)->committed_bytes(), 0);
}

TEST_F(UploadStoreTest, RefusesBadHeadersBeforeItWritesAnything) {
  struct Case {
    v1::UploadRequest::Header header;
    std::string reason;
    std::string field;
  };
  auto bad_digest = Header({1});
  bad_digest.set_sha256("ABC");
  const int64_t huge = int64_t{1} << 40;
  for (const Case& c :
       {Case{Header({1}, "", v1::DType::UNSPECIFIED),
             "WRONG_DTYPE",
             "header.dtype"},
        Case{Header({1}, "", static_cast<DTypeEnum>(99)),
             "WRONG_DTYPE",
             "header.dtype"},
        Case{Header({2, -1}), "WRONG_SHAPE", "header.shape"},
        Case{
            Header(std::vector<int64_t>(33, 1)), "WRONG_SHAPE", "header.shape"},
        Case{Header({kMaxBytes / 8 + 1}), "TOO_LARGE", "header.shape"},
        Case{Header({huge, huge}), "TOO_LARGE", "header.shape"},
        Case{Header({huge, huge, huge, huge}), "TOO_LARGE", "header.shape"},
        Case{bad_digest, "BAD_TEXT", "header.sha256"},
        Case{Header({1}, "../x"), "BAD_NAME", "header.upload_id"},
        Case{Header({1}, std::string("a\0b", 3)),
             "BAD_NAME",
             "header.upload_id"},
        Case{Header({1}, std::string(65, 'a')),
             "BAD_NAME",
             "header.upload_id"}}) {
    const absl::Status status = Refused(c.header);
    EXPECT_EQ(ReasonOf(status), c.reason) << status;
    EXPECT_EQ(FieldOf(status), c.field);
  }
  EXPECT_EQ(Files(), 0);
  // The largest that fits is taken.
  EXPECT_NE(Begin(Header({kMaxBytes / 8})), nullptr);
  EXPECT_NE(Begin(Header({1}, std::string(64, 'a'))), nullptr);
}

TEST_F(UploadStoreTest, RefusesABoolThatIsNeitherZeroNorOne) {
  const auto upload = Begin(Header({3}, "", v1::DType::BOOL));
  const absl::Status status =
      upload->Append(Chunk(0, std::string("\0\1\2", 3)));
  EXPECT_EQ(ReasonOf(status), reason::kOutOfRange) << status;
  EXPECT_EQ(FieldOf(status), "chunk.data");
  ASSERT_TRUE(upload->Append(Chunk(0, std::string("\0\1\1", 3))).ok());
  EXPECT_TRUE(upload->Finish()->facts().binary());
}

TEST_F(UploadStoreTest, GoesOnWhereItBrokeOffAlsoAfterARestart) {
  const std::string bytes = Doubles(30000);
  const auto header = Header({30000}, "break_1");
  auto upload = Begin(header);
  int64_t at = 0;
  for (const int64_t size : {100000, 7, 60000}) {
    ASSERT_TRUE(
        upload
            ->Append(Chunk(at,
                           bytes.substr(static_cast<std::size_t>(at),
                                        static_cast<std::size_t>(size))))
            .ok());
    at += size;
    upload.reset();
    Reopen();
    EXPECT_EQ(*uploads_->CommittedBytes("o", "break_1"), at);
    upload = Begin(header);
    EXPECT_EQ(upload->committed_bytes(), at);
  }
  ASSERT_TRUE(
      upload->Append(Chunk(at, bytes.substr(static_cast<std::size_t>(at))))
          .ok());
  EXPECT_EQ(upload->Finish()->array().artifact(), Sha256Hex(bytes));
  upload.reset();
  EXPECT_EQ(Files(), 0);
  EXPECT_EQ(ReasonOf(uploads_->CommittedBytes("o", "break_1").status()),
            "UPLOAD_NOT_FOUND");
}

// What is not synced may be lost with the power: bytes that no digest can
// vouch for are dropped when the machine was started anew.
TEST_F(UploadStoreTest, TrustsOnlyAnnouncedDigestsAfterAPowerCut) {
  auto with_digest = Header({4}, "with");
  with_digest.set_sha256(Sha256Hex(Doubles(4)));
  for (const auto& header : {with_digest, Header({4}, "without")}) {
    ASSERT_TRUE(Begin(header)->Append(Chunk(0, Doubles(2))).ok());
  }
  std::ofstream(folder_ / "data/uploads/boot") << "another boot";
  Reopen();
  EXPECT_EQ(*uploads_->CommittedBytes("o", "with"), 16);
  EXPECT_TRUE(
      absl::IsNotFound(uploads_->CommittedBytes("o", "without").status()));
}

// A sync that failed may have dropped the pages, and the next one say that all
// is well.
TEST_F(UploadStoreTest, ForgetsBytesWhoseSyncFailed) {
  const std::string bytes = Doubles(30000);
  for (const int error : {EIO, ENOSPC}) {
    const auto header = Header({30000}, "sync");
    auto upload = Begin(header);
    ASSERT_TRUE(upload->Append(Chunk(0, bytes)).ok());
    {
      const IoFault fault(IoCall::kSync, "/uploads/", error);
      EXPECT_FALSE(upload->Finish().ok());
      EXPECT_EQ(fault.hits(), 1);
    }
    upload.reset();
    EXPECT_EQ(Files(), 0);
    EXPECT_EQ(Begin(header)->committed_bytes(), 0);
  }
}

// Other ways to fail: the bytes are safe where they are, or gone.
TEST_F(UploadStoreTest, GoesOnAfterAFullDiskButAfterNoOtherFault) {
  const std::string bytes = Doubles(30000);
  const auto header = Header({30000}, "rename");
  for (const int error : {ENOSPC, EIO}) {
    auto upload = Begin(header);
    ASSERT_TRUE(upload
                    ->Append(Chunk(upload->committed_bytes(),
                                   bytes.substr(static_cast<std::size_t>(
                                       upload->committed_bytes()))))
                    .ok());
    {
      const IoFault fault(IoCall::kRename, "/artifacts/", error);
      EXPECT_FALSE(upload->Finish().ok());
      EXPECT_EQ(fault.hits(), 1);
    }
    upload.reset();
    EXPECT_EQ(Begin(header)->committed_bytes(),
              error == ENOSPC ? 8 * 30000 : 0);
  }
}

TEST_F(UploadStoreTest, LeavesNoFileWhenItsRowCannotBeCommitted) {
  const std::string bytes = Doubles(30000);
  const auto upload = Begin(Header({30000}));
  ASSERT_TRUE(upload->Append(Chunk(0, bytes)).ok());
  const std::string digest = Sha256Hex(bytes);
  const std::string file =
      folder_ / "data/artifacts/" + digest.substr(0, 2) + "/" + digest;
  {
    const IoFault fault(IoCall::kWrite, "modbound.sqlite3-wal", ENOSPC);
    EXPECT_FALSE(upload->Finish().ok());
    EXPECT_GT(fault.hits(), 0);
  }
  ASSERT_TRUE(artifacts_->Sweep().ok());
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(UploadStoreTest, PromisesToKeepWhatCameForADay) {
  const auto upload = Begin(Header({4}));
  ASSERT_TRUE(upload->Append(Chunk(0, Doubles(4))).ok());
  const std::string digest = upload->Finish()->array().artifact();
  // A job of the same bytes is deleted.
  std::vector<std::string> removed;
  ASSERT_TRUE(database_
                  ->WriteAndWait([&](Connection& connection) -> absl::Status {
                    MODBOUND_ASSIGN_OR_RETURN(removed,
                                              ArtifactStore::CommitRemoveUnused(
                                                  connection, {digest}));
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_TRUE(removed.empty());
}

TEST_F(UploadStoreTest, KeepsUploadsOfTwoOwnersApart) {
  const auto header = Header({2}, "same");
  auto mine = Begin(header, "me");
  ASSERT_TRUE(mine->Append(Chunk(0, Doubles(1))).ok());
  EXPECT_EQ(Begin(header, "you")->committed_bytes(), 0);
  EXPECT_EQ(*uploads_->CommittedBytes("me", "same"), 8);
  EXPECT_TRUE(
      absl::IsNotFound(uploads_->CommittedBytes("nobody", "same").status()));
}

TEST_F(UploadStoreTest, GoesOnWithTheStreamThatBeganLast) {
  const std::string bytes = Doubles(30);
  const auto header = Header({30}, "one");
  auto first = Begin(header);
  ASSERT_TRUE(first->Append(Chunk(0, bytes.substr(0, 80))).ok());
  auto second = Begin(header);
  EXPECT_EQ(second->committed_bytes(), 80);
  for (const absl::Status& status :
       {first->Append(Chunk(80, bytes.substr(80))), first->Finish().status()}) {
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_EQ(ReasonOf(status), "STREAM_REPLACED");
  }
  // The end of the first leaves the second alone.
  first.reset();
  ASSERT_TRUE(second->Append(Chunk(80, bytes.substr(80))).ok());
  EXPECT_EQ(second->Finish()->array().artifact(), Sha256Hex(bytes));
  second.reset();
  EXPECT_EQ(Files(), 0);
}

// Whoever asks how far the upload came may hear of less than the stream before
// has brought by the time his own begins.
TEST_F(UploadStoreTest, PassesOverWhatIsThereAlready) {
  const std::string bytes = Doubles(30);
  const auto header = Header({30}, "over");
  ASSERT_TRUE(Begin(header)->Append(Chunk(0, bytes.substr(0, 160))).ok());
  const auto upload = Begin(header);
  ASSERT_TRUE(upload->Append(Chunk(8, bytes.substr(8, 16))).ok());
  EXPECT_EQ(upload->committed_bytes(), 160);
  // From here on in order.
  EXPECT_EQ(ReasonOf(upload->Append(Chunk(160, bytes.substr(160)))),
            "BAD_CHUNK");
  EXPECT_EQ(ReasonOf(upload->Append(Chunk(8, bytes.substr(8, 16)))),
            "BAD_CHUNK");
  ASSERT_TRUE(upload->Append(Chunk(24, bytes.substr(24, 200))).ok());
  EXPECT_EQ(upload->committed_bytes(), 224);
  ASSERT_TRUE(upload->Append(Chunk(224, bytes.substr(224))).ok());
  EXPECT_EQ(upload->Finish()->array().artifact(), Sha256Hex(bytes));
}

TEST_F(UploadStoreTest, TwoStreamsWithTheLastByteHaveOneResult) {
  const std::string bytes = Doubles(30000);
  const auto header = Header({30000}, "both");
  const auto first = Begin(header);
  ASSERT_TRUE(first->Append(Chunk(0, bytes)).ok());
  // The first cannot commit yet.
  std::promise<void> release;
  database_->Write(
      [held = release.get_future().share()](Connection&) {
        held.wait();
        return absl::OkStatus();
      },
      [](const absl::Status&) {});
  std::vector<std::string> digests(2);
  std::thread finisher(
      [&] { digests[0] = first->Finish()->array().artifact(); });
  while (Files() > 1) {  // until the bytes are an artifact
    std::this_thread::yield();
  }
  EXPECT_EQ(ReasonOf(Refused(Header({1}, "both"))), reason::kContradiction);
  const auto second = Begin(header);
  EXPECT_EQ(second->committed_bytes(), 8 * 30000);
  EXPECT_TRUE(second->Append(Chunk(0, bytes)).ok());
  std::thread waiter(
      [&] { digests[1] = second->Finish()->array().artifact(); });
  release.set_value();
  finisher.join();
  waiter.join();
  EXPECT_EQ(digests, std::vector<std::string>(2, Sha256Hex(bytes)));
  EXPECT_EQ(Files(), 0);
}

TEST_F(UploadStoreTest, EndsAFinishSoonWhenItIsStopped) {
  const std::string bytes = Doubles(30000);
  const auto header = Header({30000}, "stop");
  auto upload = Begin(header);
  ASSERT_TRUE(upload->Append(Chunk(0, bytes)).ok());
  StopFlag stop;
  stop.Stop();
  EXPECT_EQ(ReasonOf(upload->Finish(stop).status()), "SERVER_STOPPING");
  upload.reset();
  Reopen();
  upload = Begin(header);
  EXPECT_EQ(upload->committed_bytes(), 8 * 30000);
  EXPECT_EQ(upload->Finish()->array().artifact(), Sha256Hex(bytes));
}

TEST_F(UploadStoreTest, RefusesMoreOpenStreamsThanAnOwnerOrAllMayHave) {
  const auto open = [&](const std::string& owner, const std::string& id) {
    return uploads_->Begin(owner, Header({2}, id));
  };
  std::vector<std::unique_ptr<Upload>> uploads;
  // Streams count, also two of one upload.
  for (const std::string id : {"a", "a", ""}) {
    uploads.push_back(*open("me", id));
  }
  absl::Status status = open("me", "b").status();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(ReasonOf(status), "TOO_MANY");
  EXPECT_EQ(status.message(),
            "me has 3 uploads that are open; 1 more would pass the limit of 3");
  uploads.push_back(*open("you", "a"));
  status = open("she", "a").status();
  EXPECT_EQ(ReasonOf(status), "TOO_MANY");
  EXPECT_EQ(status.message(),
            "the server has 4 uploads that are open; 1 more would pass the "
            "limit of 4");
  // A refused header gives its place back.
  uploads.erase(uploads.begin());
  EXPECT_EQ(ReasonOf(uploads_->Begin("me", Header({3}, "a")).status()),
            reason::kContradiction);
  uploads.push_back(*open("me", "b"));
  EXPECT_EQ(ReasonOf(open("me", "c").status()), "TOO_MANY");
}

// Peak resident memory since the last call, in bytes.
int64_t PeakMemory() {
  int64_t peak = 0;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) {
      peak = std::stoll(line.substr(6)) * 1024;
    }
  }
  std::ofstream("/proc/self/clear_refs") << "5";
  return peak;
}

TEST_F(UploadStoreTest, ReadsAnArrayOfAnySizeInLittleMemory) {
  constexpr int64_t kRows = 4096;  // 128 MiB
  const auto upload = Begin(Header({kRows, kRows}));
  const std::string row(8 * kRows, '\0');
  for (int64_t i = 0; i < kRows; ++i) {
    std::string bytes = row;
    if (i == 4000) {
      const double value = 7;
      std::memcpy(bytes.data() + 8 * 17, &value, 8);
    }
    ASSERT_TRUE(upload->Append(Chunk(8 * kRows * i, bytes)).ok());
  }
  PeakMemory();
  const int64_t before = PeakMemory();
  const auto response = upload->Finish();
  ASSERT_TRUE(response.ok()) << response.status();
#ifdef MODBOUND_SANITIZED  // they take more
  constexpr int64_t kMost = int64_t{120} << 20;
#else
  constexpr int64_t kMost = int64_t{64} << 20;
#endif
  EXPECT_LT(PeakMemory() - before, kMost);
  EXPECT_EQ(response->facts().max(), 7);
  EXPECT_EQ(response->facts().max_asymmetry(), 7);
  EXPECT_EQ(response->facts().asymmetry_row(), 17);
  EXPECT_EQ(response->facts().asymmetry_column(), 4000);
}

TEST_F(UploadStoreTest, RefusesToGoOnUnderAnotherHeader) {
  ASSERT_TRUE(Begin(Header({2}, "id"))->Append(Chunk(0, Doubles(1))).ok());
  const absl::Status status = Refused(Header({3}, "id"));
  EXPECT_EQ(ReasonOf(status), reason::kContradiction) << status;
  // The first one is unharmed.
  EXPECT_EQ(Begin(Header({2}, "id"))->committed_bytes(), 8);
}

TEST_F(UploadStoreTest, ForgetsUploadsWithoutAnIdWhenTheyBreakOff) {
  auto upload = Begin(Header({2}));
  ASSERT_TRUE(upload->Append(Chunk(0, Doubles(1))).ok());
  EXPECT_EQ(Files(), 1);
  upload.reset();
  EXPECT_EQ(Files(), 0);
  // Also when the server died with it.
  std::ofstream(folder_ / "data/uploads/anonymous-5.bytes") << "x";
  Reopen();
  EXPECT_EQ(Files(), 0);
}

TEST_F(UploadStoreTest, ForgetsWhatNobodyFinishedForADay) {
  for (const char* id : {"old", "young"}) {
    ASSERT_TRUE(Begin(Header({2}, id))->Append(Chunk(0, Doubles(1))).ok());
  }
  const auto make_old = [&](const std::string& id) {
    const std::string name = Sha256Hex(std::string("o\0", 2) + id) + ".bytes";
    const std::string path = folder_ / "data/uploads/" + name;
    ASSERT_TRUE(std::filesystem::exists(path));
    std::filesystem::last_write_time(
        path,
        std::filesystem::file_time_type::clock::now() - std::chrono::hours(25));
  };
  make_old("old");
  // Not under the feet of one that goes on.
  auto going_on = Begin(Header({2}, "old"));
  uploads_->RemoveOld();
  EXPECT_EQ(Files(), 4);
  going_on.reset();
  uploads_->RemoveOld();
  EXPECT_TRUE(absl::IsNotFound(uploads_->CommittedBytes("o", "old").status()));
  EXPECT_EQ(*uploads_->CommittedBytes("o", "young"), 8);
  EXPECT_EQ(Files(), 2);
  make_old("young");
  Reopen();
  EXPECT_EQ(Files(), 0);
}

}  // namespace
}  // namespace modbound
