#include "server/artifacts/upload_header.h"

#include <zlib.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/arrays/array.h"
#include "server/artifacts/sha256.h"

namespace modbound {
namespace {

absl::Status CheckShape(const v1::UploadRequest::Header& header,
                        int64_t max_bytes) {
  if (header.shape_size() > kMaxAxes) {
    return Refuse(reason::kWrongShape,
                  "header.shape",
                  absl::StrCat("shape has ",
                               header.shape_size(),
                               " axes; allowed: 0 to ",
                               kMaxAxes));
  }
  const std::vector<int64_t> shape = ShapeOf(header);
  for (const int64_t extent : shape) {
    if (extent < 0) {
      return Refuse(reason::kWrongShape,
                    "header.shape",
                    absl::StrCat("extent ", extent, " of shape is negative"));
    }
  }
  const int64_t count = NumElements(shape);
  if (count < 0 || count > max_bytes / ElementSize(header.dtype())) {
    return MakeError(absl::StatusCode::kResourceExhausted,
                     "TOO_LARGE",
                     "header.shape",
                     absl::StrCat("an array of shape ",
                                  ShapeText(shape),
                                  " is larger than the ",
                                  max_bytes,
                                  " bytes that this server takes"));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<int64_t> ShapeOf(const v1::UploadRequest::Header& header) {
  return {header.shape().begin(), header.shape().end()};
}

int64_t TotalBytes(const v1::UploadRequest::Header& header) {
  return NumElements(ShapeOf(header)) * ElementSize(header.dtype());
}

bool IsUploadId(std::string_view id) {
  return !id.empty() && id.size() <= 64 &&
         id.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyz"
             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
             std::string_view::npos;
}

absl::Status CheckUploadHeader(const v1::UploadRequest::Header& header,
                               int64_t max_bytes) {
  if (ElementSize(header.dtype()) == 0) {
    return Refuse("WRONG_DTYPE",
                  "header.dtype",
                  absl::StrCat("dtype ",
                               static_cast<int>(header.dtype()),
                               " is not one of FLOAT32, FLOAT64, INT32, INT64, "
                               "UINT8, BOOL"));
  }
  MODBOUND_RETURN_IF_ERROR(CheckShape(header, max_bytes));
  if (!header.sha256().empty() && !IsDigest(header.sha256())) {
    return Refuse("BAD_TEXT",
                  "header.sha256",
                  "sha256 must be 64 lower-case hexadecimal digits");
  }
  if (!header.upload_id().empty() && !IsUploadId(header.upload_id())) {
    return Refuse("BAD_NAME",
                  "header.upload_id",
                  "upload_id must be 1 to 64 of a-z A-Z 0-9 _ -");
  }
  return absl::OkStatus();
}

absl::Status CheckChunk(const v1::UploadRequest::Chunk& chunk,
                        const v1::UploadRequest::Header& header,
                        int64_t next) {
  if (chunk.offset() != next) {
    return Refuse(
        "BAD_CHUNK",
        "chunk.offset",
        absl::StrCat(
            "offset is ", chunk.offset(), "; the next byte is ", next));
  }
  const std::string& data = chunk.data();
  const int64_t total = TotalBytes(header);
  if (static_cast<int64_t>(data.size()) > total - next) {
    return Refuse("BAD_CHUNK",
                  "chunk.data",
                  absl::StrCat("a chunk of ",
                               data.size(),
                               " bytes at ",
                               next,
                               " passes the end at ",
                               total));
  }
  const auto crc = static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size()));
  if (crc != chunk.crc32()) {
    return Refuse(
        "BAD_CHUNK",
        "chunk.crc32",
        absl::StrCat(
            "crc32 is ", chunk.crc32(), " but the bytes that came have ", crc));
  }
  if (header.dtype() == v1::DType::BOOL &&
      std::any_of(data.begin(), data.end(), [](char byte) {
        return byte != 0 && byte != 1;
      })) {
    return Refuse(reason::kOutOfRange,
                  "chunk.data",
                  "a BOOL array holds a byte other than 0 and 1");
  }
  return absl::OkStatus();
}

}  // namespace modbound
