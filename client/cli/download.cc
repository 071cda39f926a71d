#include "client/cli/download.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "client/cli/atomic_file.h"
#include "client/cli/error.h"
#include "client/cli/npy.h"
#include "client/cli/outage.h"
#include "client/cli/sha256.h"

namespace modbound {
namespace {

absl::Status DataLoss(std::string_view message) {
  return MakeError(absl::StatusCode::kDataLoss, "DIGEST_MISMATCH", "", message);
}

// A .npy file that arrives in pieces.
class ArrivingFile {
 public:
  ArrivingFile(AtomicFile& file, int64_t element_bytes)
      : file_(file), element_bytes_(element_bytes) {}

  // Where the next piece begins.
  int64_t offset() const { return offset_; }

  // Errors: kDataLoss for a piece that is damaged or not the next one.
  absl::Status Add(const v1::DownloadResponse& piece) {
    const std::string& data = piece.data();
    const auto crc = static_cast<uint32_t>(crc32_z(
        0, reinterpret_cast<const unsigned char*>(data.data()), data.size()));
    if (crc != piece.crc32() || piece.offset() != offset_) {
      return DataLoss(absl::StrCat("a piece at ", offset_, " is damaged"));
    }
    if ((total_ >= 0 && piece.total_bytes() != total_) ||
        piece.total_bytes() < element_bytes_) {
      return DataLoss("the size of the array is not that of its shape");
    }
    total_ = piece.total_bytes();
    // Elements come last, after a header of any length.
    const int64_t header_bytes = total_ - element_bytes_;
    const int64_t skipped = std::clamp<int64_t>(
        header_bytes - offset_, 0, static_cast<int64_t>(data.size()));
    sha256_.Add(std::string_view(data).substr(static_cast<size_t>(skipped)));
    offset_ += static_cast<int64_t>(data.size());
    const absl::Status written = file_.Write(data);
    unwritten_ = !written.ok();
    return written;
  }

  // Whether a piece that came is not in the file: no further one mends that.
  bool unwritten() const { return unwritten_; }

  // Errors: kDataLoss when bytes are missing or not those of `digest`.
  absl::Status Finish(const std::string& digest) {
    if (offset_ != total_) {
      return DataLoss(
          absl::StrCat("only ", offset_, " bytes of an array came"));
    }
    if (!digest.empty() && sha256_.Hex() != digest) {
      return DataLoss("the array does not have the digest " + digest);
    }
    return absl::OkStatus();
  }

 private:
  AtomicFile& file_;
  int64_t element_bytes_;
  int64_t offset_ = 0;
  int64_t total_ = -1;  // not known yet
  bool unwritten_ = false;
  Sha256 sha256_;
};

int64_t ElementBytes(const v1::Array& array) {
  NpyHeader header;
  header.dtype = array.dtype();
  header.shape.assign(array.shape().begin(), array.shape().end());
  return header.num_bytes();
}

// One stream from where `arriving` stands.
absl::Status Receive(Connection& connection,
                     v1::DownloadRequest request,
                     ArrivingFile& arriving,
                     Interrupt& interrupt) {
  grpc::ClientContext context;
  const Interrupt::Guard guard(interrupt, context);
  request.set_offset(arriving.offset());
  const auto reader = connection.artifacts().Download(&context, request);
  v1::DownloadResponse piece;
  absl::Status added;
  while (added.ok() && reader->Read(&piece)) {
    added = arriving.Add(piece);
  }
  if (!added.ok()) {
    context.TryCancel();
  }
  const grpc::Status status = reader->Finish();
  return added.ok() ? connection.Explain(status) : added;
}

}  // namespace

bool StaysBelow(std::string_view name) {
  const auto bad = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\';
  };
  bool good = std::none_of(name.begin(), name.end(), bad);
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    good = good && !part.empty() && part != "." && part != "..";
    begin = end + 1;
  }
  return good;
}

absl::StatusOr<std::string> ArrayPath(const std::string& folder,
                                      const std::string& name) {
  if (!StaysBelow(name)) {
    return MakeError(
        absl::StatusCode::kInternal,
        "",
        "",
        "the server named an array \"" + name + "\", which is no file name");
  }
  return folder + "/" + name + ".npy";
}

absl::Status DownloadNpy(Connection& connection,
                         const v1::Array& array,
                         const std::string& digest,
                         const std::string& path,
                         Interrupt& interrupt) {
  v1::DownloadRequest request;
  *request.mutable_array() = array;
  request.set_format(v1::DownloadRequest::NPY);
  MODBOUND_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  ArrivingFile arriving(file, ElementBytes(array));
  Backoff backoff(kMostStreamPause);
  int64_t furthest = 0;
  int damaged = 0;
  Outage outage(connection.patience());
  while (true) {
    const absl::Status status =
        Receive(connection, request, arriving, interrupt);
    if (status.ok()) {
      break;
    }
    if (arriving.offset() > furthest) {
      furthest = arriving.offset();
      damaged = 0;
      outage.End();
      backoff.Reset();
    }
    const bool again = IsBrokenStream(status) ? outage.MayLast()
                                              : absl::IsDataLoss(status) &&
                                                    ++damaged < kStreamAttempts;
    const bool give_up = arriving.unwritten() || !again;
    if (!give_up) {
      interrupt.WaitFor(backoff.Next());
    }
    if (interrupt.Take()) {
      return InterruptedError("interrupted while downloading " + path);
    }
    if (give_up) {
      return status;
    }
  }
  MODBOUND_RETURN_IF_ERROR(arriving.Finish(digest));
  return file.Commit();
}

}  // namespace modbound
