#ifndef MODBOUND_SERVER_ARTIFACTS_UPLOAD_HEADER_H_
#define MODBOUND_SERVER_ARTIFACTS_UPLOAD_HEADER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "modbound/v1/artifact.pb.h"

namespace modbound {

// Refuses what UploadStore::Begin refuses in a header by itself.
absl::Status CheckUploadHeader(const v1::UploadRequest::Header& header,
                               int64_t max_bytes);

std::vector<int64_t> ShapeOf(const v1::UploadRequest::Header& header);
// Of a checked header.
int64_t TotalBytes(const v1::UploadRequest::Header& header);

// [a-zA-Z0-9_-]{1,64}?
bool IsUploadId(std::string_view id);

// Refuses a chunk of an array of `header` that does not begin at `next`, or in
// another way: see Upload::Append.
absl::Status CheckChunk(const v1::UploadRequest::Chunk& chunk,
                        const v1::UploadRequest::Header& header,
                        int64_t next);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ARTIFACTS_UPLOAD_HEADER_H_
