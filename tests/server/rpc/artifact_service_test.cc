#include "server/rpc/artifact_service.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/artifacts/sha256.h"
#include "server/rpc/expect_error.h"
#include "server/rpc/test_service.h"

namespace modbound {
namespace {

namespace fs = std::filesystem;
using grpc::StatusCode;

// Larger than several chunks and than what lives in the database.
constexpr int64_t kCount = 100000;
constexpr int64_t kChunk = 100000;

class ArtifactServiceTest : public testing::Test {
 protected:
  std::string MustUpload(int64_t count) {
    v1::UploadResponse response;
    const grpc::Status status = service_.Upload(
        VectorHeader(count), VectorBytes(count), 0, kChunk, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.array().artifact();
  }
  static v1::DownloadRequest DownloadOf(const std::string& digest) {
    v1::DownloadRequest request;
    request.mutable_array()->set_artifact(digest);
    return request;
  }
  int64_t CommittedBytes(const std::string& upload_id) {
    v1::QueryUploadRequest query;
    query.set_upload_id(upload_id);
    v1::QueryUploadResponse response;
    const grpc::Status status =
        service_.artifacts().QueryUpload(NewCall().get(), query, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.committed_bytes();
  }
  // The only file of artifacts.
  fs::path ArtifactFile() const {
    for (const auto& entry :
         fs::recursive_directory_iterator(service_.data_dir() + "/artifacts")) {
      if (entry.is_regular_file()) {
        return entry.path();
      }
    }
    return {};
  }

  TestService service_;
};

TEST_F(ArtifactServiceTest, UploadsAndDownloadsTheSameBytes) {
  const std::string bytes = VectorBytes(kCount);
  v1::UploadResponse uploaded;
  const grpc::Status status =
      service_.Upload(VectorHeader(kCount), bytes, 0, kChunk, &uploaded);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(uploaded.array().artifact(), Sha256Hex(bytes));
  EXPECT_EQ(uploaded.size_bytes(), 8 * kCount);
  EXPECT_EQ(uploaded.facts().max(), kCount - 1);

  std::string downloaded;
  ASSERT_TRUE(
      service_.Download(DownloadOf(Sha256Hex(bytes)), &downloaded).ok());
  EXPECT_TRUE(downloaded == bytes);
}

TEST_F(ArtifactServiceTest, DownloadsFromAnyOffset) {
  const std::string bytes = VectorBytes(kCount);
  v1::DownloadRequest request = DownloadOf(MustUpload(kCount));
  for (const int64_t offset : {int64_t{1}, 8 * kCount - 1, 8 * kCount}) {
    request.set_offset(offset);
    std::string downloaded;
    ASSERT_TRUE(service_.Download(request, &downloaded).ok());
    EXPECT_TRUE(downloaded == bytes.substr(offset)) << offset;
  }
  for (const int64_t offset : {int64_t{-1}, 8 * kCount + 1}) {
    request.set_offset(offset);
    std::string downloaded;
    ExpectError(service_.Download(request, &downloaded),
                StatusCode::INVALID_ARGUMENT,
                "OUT_OF_RANGE",
                "offset");
  }
}

TEST_F(ArtifactServiceTest, EmptyArraysAreTransferredToo) {
  v1::DownloadRequest request = DownloadOf(MustUpload(0));
  std::string raw;
  ASSERT_TRUE(service_.Download(request, &raw).ok());
  EXPECT_EQ(raw, "");
  request.set_format(v1::DownloadRequest::NPY);
  request.mutable_array()->set_dtype(v1::DType::FLOAT64);
  request.mutable_array()->add_shape(0);
  std::string npy;
  ASSERT_TRUE(service_.Download(request, &npy).ok());
  EXPECT_EQ(npy.substr(0, 6), "\x93NUMPY");
}

// Version 1.0: magic (6), version (2), length of the rest of the header (2),
// which is a dictionary; then the bytes.
TEST_F(ArtifactServiceTest, DownloadsNpyFilesFromAnyOffset) {
  v1::DownloadRequest request = DownloadOf(MustUpload(kCount));
  request.set_format(v1::DownloadRequest::NPY);
  request.mutable_array()->set_dtype(v1::DType::FLOAT64);
  request.mutable_array()->add_shape(kCount / 100);
  request.mutable_array()->add_shape(100);
  std::string file;
  ASSERT_TRUE(service_.Download(request, &file).ok());
  ASSERT_GT(file.size(), 10u);
  EXPECT_EQ(file.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  const size_t header = 10 + static_cast<unsigned char>(file[8]) +
                        256 * static_cast<unsigned char>(file[9]);
  EXPECT_NE(file.find("(1000, 100)"), std::string::npos);
  EXPECT_TRUE(file.substr(header) == VectorBytes(kCount));
  for (const size_t offset : {size_t{3}, header, header + 5}) {
    request.set_offset(static_cast<int64_t>(offset));
    std::string rest;
    ASSERT_TRUE(service_.Download(request, &rest).ok());
    EXPECT_TRUE(rest == file.substr(offset)) << offset;
  }
}

TEST_F(ArtifactServiceTest, RefusesNpyOfAnotherSize) {
  v1::DownloadRequest request = DownloadOf(MustUpload(10));
  request.set_format(v1::DownloadRequest::NPY);
  std::string bytes;
  ExpectError(service_.Download(request, &bytes),
              StatusCode::INVALID_ARGUMENT,
              "WRONG_DTYPE",
              "array.dtype");
  request.mutable_array()->set_dtype(v1::DType::FLOAT64);
  request.mutable_array()->add_shape(11);
  ExpectError(service_.Download(request, &bytes),
              StatusCode::INVALID_ARGUMENT,
              "WRONG_SHAPE",
              "array.shape");
  request.mutable_array()->set_shape(0, int64_t{1} << 62);
  EXPECT_EQ(service_.Download(request, &bytes).error_code(),
            StatusCode::INVALID_ARGUMENT);
}

TEST_F(ArtifactServiceTest, RefusesDownloadsOfWhatIsNotThere) {
  std::string bytes;
  ExpectError(service_.Download(DownloadOf(std::string(64, '0')), &bytes),
              StatusCode::NOT_FOUND,
              "ARTIFACT_NOT_FOUND",
              "");
  ExpectError(service_.Download(DownloadOf("../../etc/passwd"), &bytes),
              StatusCode::INVALID_ARGUMENT,
              "BAD_TEXT",
              "array.artifact");
  ExpectError(service_.Download(v1::DownloadRequest(), &bytes),
              StatusCode::INVALID_ARGUMENT,
              "MISSING_FIELD",
              "array");
  v1::DownloadRequest output;
  output.mutable_array()->mutable_output()->set_job("nothing");
  ExpectError(service_.Download(output, &bytes),
              StatusCode::NOT_FOUND,
              "JOB_NOT_FOUND",
              "");
  v1::DownloadRequest format = DownloadOf(std::string(64, '0'));
  format.set_format(static_cast<v1::DownloadRequest::Format>(7));
  ExpectError(service_.Download(format, &bytes),
              StatusCode::INVALID_ARGUMENT,
              "OUT_OF_RANGE",
              "format");
  EXPECT_EQ(bytes, "");
}

TEST_F(ArtifactServiceTest, NeverSendsADamagedArrayWhole) {
  const std::string digest = MustUpload(kCount);
  const fs::path file = ArtifactFile();
  fs::permissions(file, fs::perms::owner_write, fs::perm_options::add);
  {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(12345);
    stream.put('\xff');
  }
  std::string bytes;
  ExpectError(service_.Download(DownloadOf(digest), &bytes),
              StatusCode::DATA_LOSS,
              "DIGEST_MISMATCH",
              "");
  EXPECT_LT(bytes.size(), 8u * kCount);

  fs::resize_file(file, 1000);
  bytes.clear();
  ExpectError(service_.Download(DownloadOf(digest), &bytes),
              StatusCode::DATA_LOSS,
              "DIGEST_MISMATCH",
              "");
}

TEST_F(ArtifactServiceTest, AnUploadGoesOnWhereItBrokeOff) {
  const std::string bytes = VectorBytes(kCount);
  const v1::UploadRequest header = VectorHeader(kCount, "resumed");
  v1::UploadResponse response;
  // All but the end: refused, but kept.
  ExpectError(service_.Upload(
                  header, bytes.substr(0, 3 * kChunk), 0, kChunk, &response),
              StatusCode::INVALID_ARGUMENT,
              "BAD_CHUNK",
              "chunk");
  EXPECT_EQ(CommittedBytes("resumed"), 3 * kChunk);
  const grpc::Status status =
      service_.Upload(header, bytes, 3 * kChunk, kChunk, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.array().artifact(), Sha256Hex(bytes));

  v1::QueryUploadRequest query;
  query.set_upload_id("resumed");
  v1::QueryUploadResponse committed;
  ExpectError(
      service_.artifacts().QueryUpload(NewCall().get(), query, &committed),
      StatusCode::NOT_FOUND,
      "UPLOAD_NOT_FOUND",
      "upload_id");
}

TEST_F(ArtifactServiceTest, ACancelledUploadKeepsWhatCame) {
  const std::string bytes = VectorBytes(kCount);
  const v1::UploadRequest header = VectorHeader(kCount, "cut");
  v1::UploadResponse response;
  {
    const auto call = NewCall();
    const auto stream = service_.artifacts().Upload(call.get(), &response);
    ASSERT_TRUE(stream->Write(header));
    ASSERT_TRUE(stream->Write(ChunkOf(bytes, 0, kChunk)));
    // Later than the chunk, and answered only after it was taken.
    ASSERT_TRUE(stream->Write(ChunkOf(bytes, kChunk, kChunk)));
    call->TryCancel();
    EXPECT_FALSE(stream->Finish().ok());
  }
  grpc::Status status;
  do {
    v1::QueryUploadRequest query;
    query.set_upload_id("cut");
    v1::QueryUploadResponse committed;
    const grpc::Status queried =
        service_.artifacts().QueryUpload(NewCall().get(), query, &committed);
    const int64_t offset = queried.ok() ? committed.committed_bytes() : 0;
    status = service_.Upload(header, bytes, offset, kChunk, &response);
    // The server may only now come to the header of the first stream.
  } while (!status.ok() && ReasonOf(ErrorOf(status)) == "STREAM_REPLACED");
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.array().artifact(), Sha256Hex(bytes));
}

// A client that lost its connection need not wait until the server has noticed.
TEST_F(ArtifactServiceTest, ANewStreamOfAnUploadBreaksOffTheOldOne) {
  const std::string bytes = VectorBytes(kCount);
  const v1::UploadRequest header = VectorHeader(kCount, "twice");
  v1::UploadResponse response;
  const auto call = NewCall();
  const auto stream = service_.artifacts().Upload(call.get(), &response);
  ASSERT_TRUE(stream->Write(header));
  ASSERT_TRUE(stream->Write(ChunkOf(bytes, 0, kChunk)));
  // Until the server has taken the chunk.
  v1::QueryUploadRequest query;
  query.set_upload_id("twice");
  v1::QueryUploadResponse committed;
  while (!service_.artifacts()
              .QueryUpload(NewCall().get(), query, &committed)
              .ok() ||
         committed.committed_bytes() < kChunk) {
  }
  v1::UploadResponse second;
  const grpc::Status status =
      service_.Upload(header, bytes, kChunk, kChunk, &second);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(second.array().artifact(), Sha256Hex(bytes));
  stream->Write(ChunkOf(bytes, kChunk, kChunk));
  ExpectError(stream->Finish(), StatusCode::UNAVAILABLE, "STREAM_REPLACED", "");
}

// The server ends such a stream, with a header or without; the upload itself
// can go on.
TEST(ArtifactServiceIdle, BreaksOffAnUploadOnWhichNothingComes) {
  ServerLimits limits;
  limits.upload_idle = std::chrono::milliseconds(300);
  TestService service(MakeRealQueue, limits);
  const std::string bytes = VectorBytes(kCount);
  const v1::UploadRequest header = VectorHeader(kCount, "idle");
  v1::UploadResponse response;
  {
    const auto call = NewCall();
    const auto stream = service.artifacts().Upload(call.get(), &response);
    ExpectError(stream->Finish(), StatusCode::UNAVAILABLE, "STREAM_IDLE", "");
  }
  const auto call = NewCall();
  const auto stream = service.artifacts().Upload(call.get(), &response);
  stream->Write(header);
  stream->Write(ChunkOf(bytes, 0, kChunk));
  ExpectError(stream->Finish(), StatusCode::UNAVAILABLE, "STREAM_IDLE", "");
  v1::QueryUploadRequest query;
  query.set_upload_id("idle");
  v1::QueryUploadResponse committed;
  service.artifacts().QueryUpload(NewCall().get(), query, &committed);
  const grpc::Status status = service.Upload(
      header, bytes, committed.committed_bytes(), kChunk, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.array().artifact(), Sha256Hex(bytes));
}

TEST_F(ArtifactServiceTest, RefusesBadUploads) {
  const std::string bytes = VectorBytes(10);
  const v1::UploadRequest header = VectorHeader(10);
  const v1::UploadRequest chunk = ChunkOf(bytes, 0, 80);
  v1::UploadResponse response;
  const auto expect = [&](const std::vector<v1::UploadRequest>& messages,
                          StatusCode code,
                          const std::string& reason,
                          const std::string& field) {
    ExpectError(
        service_.UploadMessages(messages, &response), code, reason, field);
  };
  const auto bad = StatusCode::INVALID_ARGUMENT;
  expect({}, bad, "MISSING_FIELD", "header");
  expect({chunk}, bad, "BAD_CHUNK", "chunk");
  expect({header, header}, bad, "BAD_CHUNK", "header");
  expect({header, v1::UploadRequest()}, bad, "BAD_CHUNK", "chunk");
  expect({header, chunk, chunk}, bad, "BAD_CHUNK", "chunk.offset");

  v1::UploadRequest wrong = chunk;
  wrong.mutable_chunk()->set_crc32(1);
  expect({header, wrong}, bad, "BAD_CHUNK", "chunk.crc32");
  wrong = chunk;
  wrong.mutable_chunk()->set_offset(8);
  expect({header, wrong}, bad, "BAD_CHUNK", "chunk.offset");

  wrong = header;
  wrong.mutable_header()->set_sha256(std::string(64, '0'));
  expect({wrong, chunk},
         StatusCode::DATA_LOSS,
         "DIGEST_MISMATCH",
         "header.sha256");
  wrong = header;
  wrong.mutable_header()->set_shape(0, -1);
  expect({wrong}, bad, "WRONG_SHAPE", "header.shape");
  wrong = header;
  wrong.mutable_header()->set_upload_id("../x");
  expect({wrong}, bad, "BAD_NAME", "header.upload_id");
  wrong = header;
  wrong.mutable_header()->set_shape(0, TestService::kMaxUploadBytes);
  expect({wrong}, StatusCode::RESOURCE_EXHAUSTED, "TOO_LARGE", "header.shape");
}

TEST_F(ArtifactServiceTest, TellsSizesAndWhatIsMissing) {
  const std::string digest = MustUpload(10);
  const std::string other(64, '0');
  v1::StatArtifactRequest stat;
  stat.set_artifact(digest);
  v1::ArtifactStat size;
  ASSERT_TRUE(
      service_.artifacts().StatArtifact(NewCall().get(), stat, &size).ok());
  EXPECT_EQ(size.size_bytes(), 80);
  stat.set_artifact(other);
  ExpectError(service_.artifacts().StatArtifact(NewCall().get(), stat, &size),
              StatusCode::NOT_FOUND,
              "ARTIFACT_NOT_FOUND",
              "");
  stat.set_artifact("/etc/passwd");
  ExpectError(service_.artifacts().StatArtifact(NewCall().get(), stat, &size),
              StatusCode::INVALID_ARGUMENT,
              "BAD_TEXT",
              "artifact");

  v1::FindMissingRequest find;
  find.add_artifacts(digest);
  find.add_artifacts(other);
  v1::FindMissingResponse missing;
  ASSERT_TRUE(
      service_.artifacts().FindMissing(NewCall().get(), find, &missing).ok());
  ASSERT_EQ(missing.missing_size(), 1);
  EXPECT_EQ(missing.missing(0), other);
  find.add_artifacts("x");
  ExpectError(service_.artifacts().FindMissing(NewCall().get(), find, &missing),
              StatusCode::INVALID_ARGUMENT,
              "BAD_TEXT",
              "artifacts[2]");
  for (int i = 0; i < 10000; ++i) {
    find.add_artifacts(other);
  }
  ExpectError(service_.artifacts().FindMissing(NewCall().get(), find, &missing),
              StatusCode::RESOURCE_EXHAUSTED,
              "TOO_LARGE",
              "artifacts");
}

}  // namespace
}  // namespace modbound
