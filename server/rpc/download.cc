#include "server/rpc/download.h"

#include <zlib.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/arrays/array.h"
#include "server/files/npy.h"

namespace modbound {
namespace {

// The request's array with an artifact as its source, one that is there for
// the owner.
absl::StatusOr<v1::Array> FindArray(JobQueue& queue,
                                    ArtifactStore& artifacts,
                                    const std::string& owner,
                                    const v1::Array& array) {
  if (array.has_output()) {
    return queue.GetOutput(owner, array.output());
  }
  if (!array.has_artifact()) {
    return Refuse("MISSING_FIELD",
                  "array",
                  "array must name an artifact or the output of a job");
  }
  if (!IsDigest(array.artifact())) {
    return Refuse("BAD_TEXT",
                  "array.artifact",
                  "array.artifact must be 64 lower-case hexadecimal digits");
  }
  MODBOUND_RETURN_IF_ERROR(artifacts.SizeFor(owner, array.artifact()).status());
  return array;
}

absl::StatusOr<std::string> HeaderOf(const v1::Array& array,
                                     int64_t size_bytes) {
  const std::vector<int64_t> shape(array.shape().begin(), array.shape().end());
  absl::StatusOr<std::string> header = NpyHeader(array.dtype(), shape);
  if (!header.ok()) {
    return WithFieldPrefix(header.status(), "array.");
  }
  const int64_t elements = NumElements(shape);
  if (elements < 0 || elements * ElementSize(array.dtype()) != size_bytes) {
    return Refuse("WRONG_SHAPE",
                  "array.shape",
                  absl::StrCat("array.shape ",
                               ShapeText(shape),
                               " of ",
                               DTypeName(array.dtype()),
                               " does not fit the artifact's ",
                               size_bytes,
                               " bytes"));
  }
  return header;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Download>> Download::Open(
    JobQueue& queue,
    ArtifactStore& artifacts,
    const std::string& owner,
    const v1::DownloadRequest& request) {
  if (!v1::DownloadRequest::Format_IsValid(request.format())) {
    return Refuse(
        "OUT_OF_RANGE",
        "format",
        absl::StrCat("format is ", request.format(), "; allowed: RAW, NPY"));
  }
  MODBOUND_ASSIGN_OR_RETURN(
      const v1::Array array,
      FindArray(queue, artifacts, owner, request.array()));
  MODBOUND_ASSIGN_OR_RETURN(const int64_t size_bytes,
                            artifacts.Size(array.artifact()));
  std::string header;
  if (request.format() == v1::DownloadRequest::NPY) {
    MODBOUND_ASSIGN_OR_RETURN(header, HeaderOf(array, size_bytes));
  }
  const int64_t total = static_cast<int64_t>(header.size()) + size_bytes;
  if (request.offset() < 0 || request.offset() > total) {
    return Refuse(
        "OUT_OF_RANGE",
        "offset",
        absl::StrCat(
            "offset is ", request.offset(), "; allowed: 0 to ", total));
  }
  return std::unique_ptr<Download>(new Download(artifacts,
                                                array.artifact(),
                                                std::move(header),
                                                size_bytes,
                                                request.offset()));
}

Download::Download(ArtifactStore& artifacts,
                   std::string digest,
                   std::string header,
                   int64_t size_bytes,
                   int64_t offset)
    : artifacts_(artifacts),
      digest_(std::move(digest)),
      header_(std::move(header)),
      total_(static_cast<int64_t>(header_.size()) + size_bytes),
      position_(offset),
      checked_(offset <= static_cast<int64_t>(header_.size())) {}

absl::StatusOr<v1::DownloadResponse> Download::Next() {
  const int64_t count = std::min(kDownloadChunkBytes, total_ - position_);
  MODBOUND_ASSIGN_OR_RETURN(std::string data, Read(count));
  if (static_cast<int64_t>(data.size()) != count) {
    return MakeError(absl::StatusCode::kDataLoss,
                     "DIGEST_MISMATCH",
                     "",
                     absl::StrCat("artifact ", digest_, " is cut short"));
  }
  MODBOUND_RETURN_IF_ERROR(CheckDigest(data));
  v1::DownloadResponse response;
  response.set_offset(position_);
  response.set_crc32(static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size())));
  response.set_total_bytes(total_);
  response.set_data(std::move(data));
  position_ += count;
  started_ = true;
  return response;
}

absl::StatusOr<std::string> Download::Read(int64_t count) {
  const int64_t header_size = static_cast<int64_t>(header_.size());
  const int64_t from_header =
      std::clamp<int64_t>(header_size - position_, 0, count);
  std::string data =
      from_header > 0 ? header_.substr(position_, from_header) : std::string();
  if (count > from_header) {
    MODBOUND_ASSIGN_OR_RETURN(
        const std::string rest,
        artifacts_.ReadRange(digest_,
                             position_ + from_header - header_size,
                             count - from_header));
    data += rest;
  }
  return data;
}

absl::Status Download::CheckDigest(const std::string& data) {
  if (!checked_) {
    return absl::OkStatus();
  }
  const int64_t header_left =
      std::clamp<int64_t>(static_cast<int64_t>(header_.size()) - position_,
                          0,
                          static_cast<int64_t>(data.size()));
  hash_.Add(std::string_view(data).substr(header_left));
  if (position_ + static_cast<int64_t>(data.size()) == total_ &&
      hash_.Hex() != digest_) {
    return MakeError(
        absl::StatusCode::kDataLoss,
        "DIGEST_MISMATCH",
        "",
        absl::StrCat("the stored bytes of artifact ",
                     digest_,
                     " are damaged: they do not have their digest"));
  }
  return absl::OkStatus();
}

}  // namespace modbound
