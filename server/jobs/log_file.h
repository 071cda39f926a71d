#ifndef MODBOUND_SERVER_JOBS_LOG_FILE_H_
#define MODBOUND_SERVER_JOBS_LOG_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/files/file_io.h"

namespace modbound {

// Most bytes of a log file; of these, so many from the log's beginning stay for
// good.
inline constexpr int64_t kMostLogBytes = int64_t{1} << 20;
inline constexpr int64_t kLogHeadBytes = int64_t{256} << 10;
// Most bytes of one Append and of one line.
inline constexpr int64_t kMostLogAppend = int64_t{64} << 10;
inline constexpr int64_t kMostLogLine = int64_t{4} << 10;

// Lines in a file of bounded size: its head, then a ring of the latest lines.
// Offsets count every byte ever appended, so what is dropped in between moves
// no other line.
//
//   0            64                64 + head           kMostLogBytes
//   | length,    | head: bytes     | ring: byte p at    |
//   | head size  | [0, head)       | (p - head) mod R   |
//
// The head ends where the append that would take it past kLogHeadBytes begins.
// The length is written after the bytes it counts: a crash of the process
// between the two loses the append and nothing else, since the oldest
// kMostLogAppend bytes of the ring count as overwritten already. Not synced but
// by Sync. Not safe from two threads; two of it on one file must not be used at
// once.
class LogFile {
 public:
  // A piece of the log.
  struct Piece {
    int64_t offset = 0;   // of the first byte of `text`
    int64_t dropped = 0;  // bytes asked for, right before it, that are gone
    std::string text;     // whole lines; "" at the end of the log
    int64_t length = 0;   // of the log, dropped bytes too
  };

  // Opens the file, for Append an absent one is made. Errors: kNotFound;
  // kDataLoss when it is no log; those of FileError.
  static absl::StatusOr<LogFile> OpenToAppend(const std::string& path);
  static absl::StatusOr<LogFile> OpenToRead(const std::string& path);

  // `lines`: at most kMostLogAppend bytes, each line at most kMostLogLine and
  // with its end. Errors: those of FileError; kResourceExhausted DISK_FULL also
  // when only the reserve is left.
  absl::Status Append(std::string_view lines);
  // At most `most` (>= kMostLogLine) bytes from `offset` on. In the middle of a
  // line it goes on from there. Errors: kInvalidArgument OUT_OF_RANGE "offset".
  absl::StatusOr<Piece> Read(int64_t offset, int64_t most) const;
  absl::Status Sync() const;

 private:
  LogFile(FileDescriptor file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}

  static absl::StatusOr<LogFile> Open(const std::string& path, int flags);
  absl::Status ReadHeader();
  absl::Status WriteHeader() const;
  // Where byte `offset` is in the file.
  int64_t Place(int64_t offset) const;
  int64_t ring_bytes() const;
  // Ends of what is kept: [0, head_) and [tail_begin(), length_).
  int64_t tail_begin() const;
  absl::StatusOr<std::string> ReadBytes(int64_t begin, int64_t end) const;

  FileDescriptor file_;
  std::string path_;
  int64_t length_ = 0;
  int64_t head_ = 0;  // kNoRing: all of it is head
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_LOG_FILE_H_
