#include "server/jobs/log_file.h"

#include <fcntl.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace modbound {
namespace {

constexpr int64_t kHeaderBytes = 64;
constexpr int64_t kNoRing = std::numeric_limits<int64_t>::max();

absl::Status NoLog(const std::string& path) {
  return WithDetail(MakeError(absl::StatusCode::kDataLoss,
                              reason::kInternal,
                              "",
                              "the log of the job is damaged"),
                    path);
}

bool BeginsInsideCharacter(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

}  // namespace

absl::StatusOr<LogFile> LogFile::Open(const std::string& path, int flags) {
  MODBOUND_ASSIGN_OR_RETURN(FileDescriptor file, OpenFile(path, flags));
  LogFile log(std::move(file), path);
  MODBOUND_RETURN_IF_ERROR(log.ReadHeader());
  return log;
}

absl::StatusOr<LogFile> LogFile::OpenToAppend(const std::string& path) {
  return Open(path, O_RDWR | O_CREAT);
}

absl::StatusOr<LogFile> LogFile::OpenToRead(const std::string& path) {
  return Open(path, O_RDONLY);
}

absl::Status LogFile::ReadHeader() {
  std::string header(kHeaderBytes, '\0');
  MODBOUND_ASSIGN_OR_RETURN(
      const int64_t got, ReadAt(file_, path_, header.data(), kHeaderBytes, 0));
  if (got == 0) {
    head_ = kNoRing;
    return absl::OkStatus();
  }
  int64_t head = 0;
  if (got != kHeaderBytes ||
      std::sscanf(header.c_str(),
                  "modbound log %" SCNd64 " %" SCNd64,
                  &length_,
                  &head) != 2 ||
      length_ < 0 || head < 0 || head > kLogHeadBytes || head > length_) {
    return NoLog(path_);
  }
  head_ = head == 0 ? kNoRing : head;
  return absl::OkStatus();
}

absl::Status LogFile::WriteHeader() const {
  const std::string text = absl::StrCat(
      "modbound log ", length_, " ", head_ == kNoRing ? 0 : head_, " ");
  std::string header(kHeaderBytes, ' ');
  header.replace(0, text.size(), text);
  header.back() = '\n';
  return WriteAt(file_, path_, header, 0);
}

int64_t LogFile::ring_bytes() const {
  return kMostLogBytes - kHeaderBytes - head_;
}

int64_t LogFile::Place(int64_t offset) const {
  return kHeaderBytes +
         (offset < head_ ? offset : head_ + (offset - head_) % ring_bytes());
}

int64_t LogFile::tail_begin() const {
  return head_ == kNoRing
             ? length_
             : std::max(head_, length_ - (ring_bytes() - kMostLogAppend));
}

absl::Status LogFile::Append(std::string_view lines) {
  const auto size = static_cast<int64_t>(lines.size());
  if (head_ == kNoRing && length_ > 0 && length_ + size > kLogHeadBytes) {
    head_ = length_;
  }
  MODBOUND_RETURN_IF_ERROR(RequireFreeSpace(path_, size + kHeaderBytes));
  const int64_t place = Place(length_);
  const int64_t room = kMostLogBytes - place;
  const auto first = static_cast<std::size_t>(std::min(size, room));
  MODBOUND_RETURN_IF_ERROR(
      WriteAt(file_, path_, lines.substr(0, first), place));
  if (first < lines.size()) {
    MODBOUND_RETURN_IF_ERROR(
        WriteAt(file_, path_, lines.substr(first), kHeaderBytes + head_));
  }
  length_ += size;
  return WriteHeader();
}

absl::StatusOr<std::string> LogFile::ReadBytes(int64_t begin,
                                               int64_t end) const {
  std::string text(static_cast<std::size_t>(end - begin), '\0');
  for (int64_t at = begin; at < end;) {
    const int64_t place = Place(at);
    const int64_t size = std::min(end - at, kMostLogBytes - place);
    MODBOUND_ASSIGN_OR_RETURN(
        const int64_t got,
        ReadAt(file_, path_, text.data() + (at - begin), size, place));
    if (got != size) {
      return NoLog(path_);
    }
    at += size;
  }
  return text;
}

absl::StatusOr<LogFile::Piece> LogFile::Read(int64_t offset,
                                             int64_t most) const {
  Piece piece;
  piece.length = length_;
  if (offset < 0 || offset > length_) {
    return Refuse("OUT_OF_RANGE",
                  "offset",
                  absl::StrCat("offset is ",
                               offset,
                               "; allowed: 0 to ",
                               length_,
                               ", the length of the log"));
  }
  const bool in_head = offset < head_;
  const int64_t begin = in_head ? offset : std::max(offset, tail_begin());
  const int64_t end =
      std::min(in_head ? std::min(head_, length_) : length_, begin + most);
  MODBOUND_ASSIGN_OR_RETURN(piece.text, ReadBytes(begin, end));
  std::size_t skip = 0;
  if (begin > offset) {
    // The line that the ring's end cut.
    skip = piece.text.find('\n') + 1;
  } else {
    while (skip < piece.text.size() &&
           BeginsInsideCharacter(piece.text[skip])) {
      ++skip;
    }
  }
  // npos + 1 is 0: without a line's end nothing is left.
  piece.text.erase(piece.text.rfind('\n') + 1);
  piece.text.erase(0, std::min(skip, piece.text.size()));
  piece.offset = begin + static_cast<int64_t>(skip);
  piece.dropped = begin > offset ? piece.offset - offset : 0;
  return piece;
}

absl::Status LogFile::Sync() const { return SyncFile(file_, path_); }

}  // namespace modbound
