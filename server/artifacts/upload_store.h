#ifndef MODBOUND_SERVER_ARTIFACTS_UPLOAD_STORE_H_
#define MODBOUND_SERVER_ARTIFACTS_UPLOAD_STORE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "modbound/v1/artifact.pb.h"
#include "server/artifacts/artifact_store.h"
#include "server/artifacts/upload_files.h"

namespace modbound {

// One stream of an upload in progress: appends chunks to a file, then turns it
// into an artifact. Not safe from two threads at once. Dropping it before
// Finish keeps the bytes for the next Begin of its upload id. All calls:
// kUnavailable STREAM_REPLACED once a later stream of the same upload id has
// begun.
class Upload {
 public:
  virtual ~Upload() = default;
  // The first chunk may begin anywhere in what is committed, each other where
  // the one before ended; bytes that are there already are passed over. Errors:
  // kInvalidArgument BAD_CHUNK "chunk.offset", "chunk.crc32", "chunk.data"
  // (more bytes than the header's shape has), OUT_OF_RANGE "chunk.data" (a BOOL
  // byte other than 0 and 1); kResourceExhausted DISK_FULL. A refused chunk
  // leaves what was committed as it was.
  virtual absl::Status Append(const v1::UploadRequest::Chunk& chunk) = 0;
  // All bytes are there: checks size and digest, scans facts, stores. Memory:
  // below 32 MiB, whatever the size. Errors: kInvalidArgument BAD_CHUNK "chunk"
  // (bytes missing; the upload can go on), kDataLoss DIGEST_MISMATCH
  // "header.sha256" (the upload is gone: what came is not what was announced),
  // kUnavailable SERVER_STOPPING soon after `stop` was set (the upload can go
  // on). Call once.
  virtual absl::StatusOr<v1::UploadResponse> Finish(const StopFlag& stop) = 0;
  absl::StatusOr<v1::UploadResponse> Finish() { return Finish(StopFlag()); }
  // Bytes stored when the stream began and by it since.
  virtual int64_t committed_bytes() const = 0;
};

// All uploads. Files: DATA_DIR/uploads/<SHA-256 of owner and upload id>.bytes
// holds what came so far, .header the v1::UploadRequest.Header it belongs to;
// anonymous-<number>.bytes those without an upload id. Threads: safe from any
// thread.
class UploadStore {
 public:
  // `max_bytes`: larger arrays are refused (TOO_LARGE) from their header.
  // Removes partial uploads to which nothing came for a day, those without an
  // upload id, and, after a restart of the machine (which may lose what was not
  // synced), those without an announced digest to check them by.
  static absl::StatusOr<std::unique_ptr<UploadStore>> Open(
      Database& database,
      ArtifactStore& artifacts,
      int64_t max_bytes,
      const UploadLimits& limits = {});
  virtual ~UploadStore() = default;
  // Starts an upload, or goes on with the one of the same owner and upload id:
  // a stream of it that is still open is broken off, or, when it has all bytes
  // and is finishing, this one waits for its result. Without an id it cannot be
  // resumed and is removed when dropped. Must outlive its uploads. Errors:
  // kInvalidArgument WRONG_DTYPE "header.dtype", WRONG_SHAPE "header.shape",
  // BAD_TEXT "header.sha256", BAD_NAME "header.upload_id", CONTRADICTION
  // "header" (another header than the one this upload id began with);
  // kResourceExhausted TOO_LARGE "header.shape", TOO_MANY (open streams),
  // DISK_FULL.
  virtual absl::StatusOr<std::unique_ptr<Upload>> Begin(
      const std::string& owner, const v1::UploadRequest::Header& header) = 0;
  // Errors: kNotFound UPLOAD_NOT_FOUND (never begun, finished, or removed).
  virtual absl::StatusOr<int64_t> CommittedBytes(
      const std::string& owner, const std::string& upload_id) = 0;
  // Removes uploads to which nothing came for a day.
  virtual void RemoveOld() = 0;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_ARTIFACTS_UPLOAD_STORE_H_
