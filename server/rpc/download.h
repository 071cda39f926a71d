#ifndef MODBOUND_SERVER_RPC_DOWNLOAD_H_
#define MODBOUND_SERVER_RPC_DOWNLOAD_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "modbound/v1/artifact.pb.h"
#include "server/artifacts/artifact_store.h"
#include "server/artifacts/sha256.h"
#include "server/jobs/job_queue.h"

namespace modbound {

// Most data of one DownloadResponse.
inline constexpr int64_t kDownloadChunkBytes = int64_t{256} * 1024;

// One download: the bytes of an array, after a NumPy header when that is asked
// for, chunk by chunk. Threads: one at a time.
class Download {
 public:
  // Finds the array. Errors: kNotFound ARTIFACT_NOT_FOUND, JOB_NOT_FOUND,
  // OUTPUT_NOT_FOUND; kInvalidArgument MISSING_FIELD, OUT_OF_RANGE (offset,
  // format), BAD_TEXT (digest), WRONG_DTYPE, WRONG_SHAPE (array.* for NPY).
  static absl::StatusOr<std::unique_ptr<Download>> Open(
      JobQueue& queue,
      ArtifactStore& artifacts,
      const std::string& owner,
      const v1::DownloadRequest& request);

  // The next chunk; the first comes always, even if it is empty. When the
  // download covers the whole array, the last chunk is held back if the bytes
  // do not have their digest: a reader never gets a complete damaged array.
  // Errors: kDataLoss DIGEST_MISMATCH; those of the store.
  absl::StatusOr<v1::DownloadResponse> Next();
  // Nothing comes after the chunks so far.
  bool done() const { return started_ && position_ == total_; }

 private:
  Download(ArtifactStore& artifacts,
           std::string digest,
           std::string header,
           int64_t size_bytes,
           int64_t offset);
  // [position_, position_ + count) of the file asked for.
  absl::StatusOr<std::string> Read(int64_t count);
  absl::Status CheckDigest(const std::string& data);

  ArtifactStore& artifacts_;
  const std::string digest_;
  const std::string header_;  // empty for RAW
  const int64_t total_;       // header and array
  int64_t position_;
  bool started_ = false;
  // Whole array so far; unused when the download starts inside of it.
  const bool checked_;
  Sha256 hash_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_DOWNLOAD_H_
