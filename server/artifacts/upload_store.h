#ifndef MODBOUND_SERVER_ARTIFACTS_UPLOAD_STORE_H_
#define MODBOUND_SERVER_ARTIFACTS_UPLOAD_STORE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "modbound/v1/artifact.pb.h"
#include "server/artifacts/artifact_store.h"

namespace modbound {

// One upload in progress: appends chunks to a file, then turns it into an
// artifact. Not safe from two threads at once. Dropping it before Finish keeps
// the bytes for the next Begin of its upload id.
class Upload {
 public:
  virtual ~Upload() = default;
  // Errors: kInvalidArgument BAD_CHUNK "chunk.offset", "chunk.crc32",
  // "chunk.data" (more bytes than the header's shape has), OUT_OF_RANGE
  // "chunk.data" (a BOOL byte other than 0 and 1); kResourceExhausted
  // DISK_FULL. A refused chunk leaves what was committed as it was.
  virtual absl::Status Append(const v1::UploadRequest::Chunk& chunk) = 0;
  // All bytes are there: checks size and digest, scans facts, stores. Errors:
  // kInvalidArgument BAD_CHUNK "chunk" (bytes missing; the upload can go on),
  // kDataLoss DIGEST_MISMATCH "header.sha256" (the upload is gone: what came is
  // not what was announced). Call once.
  virtual absl::StatusOr<v1::UploadResponse> Finish() = 0;
  // Bytes stored so far.
  virtual int64_t committed_bytes() const = 0;
};

// All uploads. Files: DATA_DIR/uploads/<SHA-256 of owner and upload id>.bytes
// holds what came so far, .header the v1::UploadRequest.Header it belongs to;
// anonymous-<number>.bytes those without an upload id. Threads: safe from any
// thread.
class UploadStore {
 public:
  // `max_bytes`: larger arrays are refused (TOO_LARGE) from their header.
  // Partial uploads are removed when nothing came for a day, when they have no
  // upload id, and, after a restart of the machine (which may lose what was not
  // synced), when no digest was announced to check them by.
  static absl::StatusOr<std::unique_ptr<UploadStore>> Open(
      Database& database, ArtifactStore& artifacts, int64_t max_bytes);
  virtual ~UploadStore() = default;
  // Starts an upload, or goes on with the one of the same owner and upload id.
  // Without an id it cannot be resumed and is removed when dropped. Must
  // outlive its uploads. Errors: kInvalidArgument WRONG_DTYPE "header.dtype",
  // WRONG_SHAPE "header.shape", BAD_TEXT "header.sha256", BAD_NAME
  // "header.upload_id", CONTRADICTION "header" (another header than the one
  // this upload id began with); kResourceExhausted TOO_LARGE "header.shape",
  // DISK_FULL; kFailedPrecondition WRONG_STATE "header.upload_id" while another
  // stream of this upload id is open.
  virtual absl::StatusOr<std::unique_ptr<Upload>> Begin(
      const std::string& owner, const v1::UploadRequest::Header& header) = 0;
  // Errors: kNotFound UPLOAD_NOT_FOUND (never begun, finished, or removed).
  virtual absl::StatusOr<int64_t> CommittedBytes(
      const std::string& owner, const std::string& upload_id) = 0;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_ARTIFACTS_UPLOAD_STORE_H_
