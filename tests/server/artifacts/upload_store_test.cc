#include "server/artifacts/upload_store.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

constexpr int64_t kMaxBytes = int64_t{1} << 24;

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
    auto uploads = UploadStore::Open(*database_, *artifacts_, kMaxBytes);
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
  EXPECT_TRUE(*artifacts_->FindMissing({Sha256Hex(Doubles(19))}) ==
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

TEST_F(UploadStoreTest, KeepsUploadsOfTwoOwnersApart) {
  const auto header = Header({2}, "same");
  auto mine = Begin(header, "me");
  ASSERT_TRUE(mine->Append(Chunk(0, Doubles(1))).ok());
  EXPECT_EQ(Begin(header, "you")->committed_bytes(), 0);
  EXPECT_EQ(*uploads_->CommittedBytes("me", "same"), 8);
  EXPECT_TRUE(
      absl::IsNotFound(uploads_->CommittedBytes("nobody", "same").status()));
}

TEST_F(UploadStoreTest, RefusesASecondStreamOfAnOpenUpload) {
  const auto header = Header({2}, "one");
  auto first = Begin(header);
  const absl::Status second = Refused(header);
  EXPECT_TRUE(absl::IsFailedPrecondition(second)) << second;
  EXPECT_EQ(ReasonOf(second), "WRONG_STATE");
  first.reset();
  EXPECT_NE(Begin(header), nullptr);
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
  // The file that "old" has and "young" has not.
  const std::string name = Sha256Hex(std::string("o\0old", 5)) + ".bytes";
  const std::string path = folder_ / "data/uploads/" + name;
  ASSERT_TRUE(std::filesystem::exists(path));
  std::filesystem::last_write_time(
      path,
      std::filesystem::file_time_type::clock::now() - std::chrono::hours(25));
  Reopen();
  EXPECT_TRUE(absl::IsNotFound(uploads_->CommittedBytes("o", "old").status()));
  EXPECT_EQ(*uploads_->CommittedBytes("o", "young"), 8);
  EXPECT_EQ(Files(), 2);
}

}  // namespace
}  // namespace modbound
