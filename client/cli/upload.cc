#include "client/cli/upload.h"

#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/error.h"
#include "client/cli/sha256.h"

namespace modbound {
namespace {

constexpr int64_t kChunk = int64_t{512} * 1024;

v1::Array WithoutBytes(const NpyHeader& header) {
  v1::Array array;
  array.set_dtype(header.dtype);
  for (const int64_t extent : header.shape) {
    array.add_shape(extent);
  }
  return array;
}

// Bytes of this upload that the server has from an earlier attempt.
absl::StatusOr<int64_t> CommittedBytes(Connection& connection,
                                       const std::string& upload_id) {
  v1::QueryUploadRequest request;
  request.set_upload_id(upload_id);
  absl::StatusOr<v1::QueryUploadResponse> response = connection.Call(
      connection.artifacts(), &v1::ArtifactService::Stub::QueryUpload, request);
  if (absl::IsNotFound(response.status())) {
    return 0;
  }
  if (!response.ok()) {
    return response.status();
  }
  return response->committed_bytes();
}

// One stream from `offset` to the end. The bool says whether a failure may be
// tried again.
struct Attempt {
  absl::Status status;
  bool again = false;
};

Attempt Send(Connection& connection,
             const NpyFile& npy,
             const v1::UploadRequest& header,
             int64_t offset) {
  grpc::ClientContext context;
  v1::UploadResponse response;
  const auto writer = connection.artifacts().Upload(&context, &response);
  bool open = writer->Write(header);
  const int64_t total = npy.header().num_bytes();
  v1::UploadRequest request;
  while (open && offset < total) {
    absl::StatusOr<std::string> bytes =
        npy.Read(offset, std::min(kChunk, total - offset));
    if (!bytes.ok()) {
      context.TryCancel();
      writer->Finish().error_code();
      return {.status = bytes.status()};
    }
    v1::UploadRequest::Chunk& chunk = *request.mutable_chunk();
    chunk.set_offset(offset);
    chunk.set_crc32(static_cast<uint32_t>(
        crc32_z(0,
                reinterpret_cast<const unsigned char*>(bytes->data()),
                bytes->size())));
    offset += static_cast<int64_t>(bytes->size());
    chunk.set_data(*std::move(bytes));
    open = writer->Write(request);
  }
  if (open) {
    writer->WritesDone();
  }
  const grpc::Status status = writer->Finish();
  const absl::Status error = connection.Explain(status);
  // A broken stream, or another client that sends the same bytes at once.
  return {.status = error,
          .again = IsBrokenStream(error) || ReasonOf(error) == "BAD_CHUNK"};
}

absl::StatusOr<bool> IsMissing(Connection& connection,
                               const std::string& digest) {
  v1::FindMissingRequest request;
  request.add_artifacts(digest);
  MODBOUND_ASSIGN_OR_RETURN(
      const v1::FindMissingResponse response,
      connection.Call(connection.artifacts(),
                      &v1::ArtifactService::Stub::FindMissing,
                      request));
  return response.missing_size() > 0;
}

// The same bytes under the same dtype and shape have the same id: a new run of
// the program goes on with what a former one sent.
std::string UploadIdOf(const v1::Array& array) {
  constexpr size_t kIdLength = 40;
  Sha256 sha256;
  sha256.Add(absl::StrCat(array.artifact(),
                          " ",
                          int{array.dtype()},
                          " ",
                          absl::StrJoin(array.shape(), ",")));
  return sha256.Hex().substr(0, kIdLength);
}

}  // namespace

absl::StatusOr<std::string> DigestOf(const NpyFile& npy) {
  Sha256 sha256;
  const int64_t total = npy.header().num_bytes();
  for (int64_t offset = 0; offset < total; offset += kChunk) {
    MODBOUND_ASSIGN_OR_RETURN(
        const std::string bytes,
        npy.Read(offset, std::min(kChunk, total - offset)));
    sha256.Add(bytes);
  }
  return sha256.Hex();
}

absl::StatusOr<v1::Array> InlineArray(const NpyFile& npy) {
  v1::Array array = WithoutBytes(npy.header());
  MODBOUND_ASSIGN_OR_RETURN(*array.mutable_inline_(),
                            npy.Read(0, npy.header().num_bytes()));
  return array;
}

absl::StatusOr<v1::Array> UploadArray(Connection& connection,
                                      const NpyFile& npy) {
  v1::Array array = WithoutBytes(npy.header());
  MODBOUND_ASSIGN_OR_RETURN(const std::string digest, DigestOf(npy));
  array.set_artifact(digest);
  v1::UploadRequest header;
  header.mutable_header()->set_dtype(array.dtype());
  *header.mutable_header()->mutable_shape() = array.shape();
  header.mutable_header()->set_sha256(digest);
  header.mutable_header()->set_upload_id(UploadIdOf(array));

  Backoff backoff(kMostStreamPause);
  int64_t furthest = -1;
  for (int attempts = 0;;) {
    MODBOUND_ASSIGN_OR_RETURN(const bool missing,
                              IsMissing(connection, digest));
    if (!missing) {
      return array;
    }
    MODBOUND_ASSIGN_OR_RETURN(
        const int64_t offset,
        CommittedBytes(connection, header.header().upload_id()));
    if (offset > furthest) {
      furthest = offset;
      attempts = 0;
      backoff.Reset();
    }
    const Attempt attempt = Send(connection, npy, header, offset);
    if (attempt.status.ok()) {
      return array;
    }
    if (!attempt.again || ++attempts == kStreamAttempts) {
      return attempt.status;
    }
    std::this_thread::sleep_for(backoff.Next());
  }
}

}  // namespace modbound
