#include "server/auth/audit_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "nlohmann/json.hpp"
#include "server/artifacts/sha256.h"
#include "server/files/copy_file.h"
#include "server/store/wall_time.h"

namespace modbound {
namespace {

using AuditJson = nlohmann::ordered_json;

// Longer than any line of ours: facts are names, ids and short messages.
constexpr int64_t kMostLineBytes = int64_t{64} * 1024;

std::string NoHash() { return std::string(64, '0'); }

std::string AuditTime(int64_t micros) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ",
                          absl::FromUnixMicros(micros),
                          absl::UTCTimeZone());
}

std::string LineOf(const AuditRecord& record,
                   int64_t number,
                   const std::string& previous) {
  AuditJson line;
  line["number"] = number;
  line["time"] = AuditTime(record.time_us);
  line["event"] = record.event;
  for (const auto& [name, value] : record.facts) {
    line[name] = value;
  }
  line["previous"] = previous;
  return line.dump(-1, ' ', false, AuditJson::error_handler_t::replace);
}

// The lock of a folder, held until this is destroyed. Of the folder, as a lock
// of the newest file is of no use between two files.
absl::StatusOr<FileDescriptor> LockFolder(const std::string& folder) {
  MODBOUND_ASSIGN_OR_RETURN(FileDescriptor lock,
                            OpenFile(folder, O_RDONLY | O_DIRECTORY));
  while (::flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) {
      return FileError("lock", folder, errno);
    }
  }
  return lock;
}

// Where a chain of lines ends.
struct ChainEnd {
  int64_t size = 0;  // end of the last whole line
  int64_t number = 0;
  std::string hash;  // "" when there is no whole line
};

// The number of a line; nothing when it is none of ours.
std::optional<int64_t> NumberOf(const std::string& line) {
  const AuditJson json = AuditJson::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("number") ||
      !json["number"].is_number_integer()) {
    return std::nullopt;
  }
  return json["number"].get<int64_t>();
}

absl::StatusOr<ChainEnd> EndOfFile(const FileDescriptor& file,
                                   const std::string& path) {
  MODBOUND_ASSIGN_OR_RETURN(const int64_t size, FileSize(file, path));
  const int64_t begin = std::max<int64_t>(0, size - 2 * kMostLineBytes);
  std::string tail(static_cast<std::size_t>(size - begin), '\0');
  MODBOUND_RETURN_IF_ERROR(
      ReadAt(file, path, tail.data(), size - begin, begin).status());
  ChainEnd end;
  const std::size_t last = tail.rfind('\n');
  if (last == std::string::npos) {
    return end;
  }
  const std::size_t before =
      last == 0 ? std::string::npos : tail.rfind('\n', last - 1);
  const std::size_t from = before == std::string::npos ? 0 : before + 1;
  const std::string line = tail.substr(from, last - from);
  end.size = begin + static_cast<int64_t>(last) + 1;
  end.hash = Sha256Hex(line);
  end.number = NumberOf(line).value_or(0);
  return end;
}

// Where the lines begin that a power cut left with a hole: bytes that were not
// synced are zeros, which no line of ours has. The size when there is none.
absl::StatusOr<int64_t> BeginOfHole(const FileDescriptor& file,
                                    const std::string& path,
                                    int64_t size) {
  std::string bytes(static_cast<std::size_t>(size), '\0');
  MODBOUND_ASSIGN_OR_RETURN(const int64_t got,
                            ReadAt(file, path, bytes.data(), size, 0));
  bytes.resize(static_cast<std::size_t>(got));
  const std::size_t hole = bytes.find('\0');
  if (hole == std::string::npos) {
    return size;
  }
  const std::size_t before = bytes.rfind('\n', hole);
  return before == std::string::npos ? 0 : static_cast<int64_t>(before) + 1;
}

// Whether `path` names the open file: another process may have put it aside.
bool IsNewest(const FileDescriptor& file, const std::string& path) {
  struct stat ours {};
  struct stat newest {};
  return file.get() >= 0 && ::fstat(file.get(), &ours) == 0 &&
         ::stat(path.c_str(), &newest) == 0 && ours.st_ino == newest.st_ino &&
         ours.st_dev == newest.st_dev;
}

std::string AsideName(const std::string& path, int index) {
  return absl::StrCat(path, ".", index);
}

}  // namespace

AuditFile::AuditFile(std::string folder, const AuditLimits& limits)
    : folder_(std::move(folder)),
      path_(folder_ + "/audit.log"),
      limits_(limits) {}

absl::Status AuditFile::OpenNewest() {
  if (IsNewest(file_, path_)) {
    return absl::OkStatus();
  }
  const bool is_new = ::access(path_.c_str(), F_OK) != 0;
  MODBOUND_ASSIGN_OR_RETURN(file_, OpenFile(path_, O_RDWR | O_CREAT));
  size_ = -1;
  return is_new ? SyncDirectory(folder_) : absl::OkStatus();
}

// Reads the end of the chain again when another process went on with it.
absl::Status AuditFile::FindEnd() {
  MODBOUND_ASSIGN_OR_RETURN(int64_t size, FileSize(file_, path_));
  if (size == size_) {
    return absl::OkStatus();
  }
  if (size_ < 0) {
    MODBOUND_ASSIGN_OR_RETURN(size, CutAtHole(size));
  }
  MODBOUND_ASSIGN_OR_RETURN(ChainEnd end, EndOfFile(file_, path_));
  if (end.size < size && ::ftruncate(file_.get(), end.size) != 0) {
    return FileError("cut", path_, errno);
  }
  size_ = end.size;
  if (end.hash.empty()) {
    const std::string aside = AsideName(path_, 1);
    const absl::StatusOr<FileDescriptor> before = OpenFile(aside, O_RDONLY);
    if (before.ok()) {
      MODBOUND_ASSIGN_OR_RETURN(end, EndOfFile(*before, aside));
    } else if (!absl::IsNotFound(before.status())) {
      return before.status();
    }
  }
  number_ = end.number;
  last_hash_ = end.hash.empty() ? NoHash() : end.hash;
  return absl::OkStatus();
}

// What followed the hole stays beside the log, and the next line says so. The
// size that is left.
absl::StatusOr<int64_t> AuditFile::CutAtHole(int64_t size) {
  MODBOUND_ASSIGN_OR_RETURN(const int64_t begin,
                            BeginOfHole(file_, path_, size));
  if (begin == size) {
    return size;
  }
  std::string rest(static_cast<std::size_t>(size - begin), '\0');
  MODBOUND_RETURN_IF_ERROR(
      ReadAt(file_, path_, rest.data(), size - begin, begin).status());
  MODBOUND_RETURN_IF_ERROR(
      ReplaceFile(path_ + ".hole", rest, Durability::kSynced));
  if (::ftruncate(file_.get(), begin) != 0) {
    return FileError("cut", path_, errno);
  }
  cut_bytes_ = size - begin;
  return begin;
}

absl::Status AuditFile::Append(const std::vector<AuditRecord>& records) {
  MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor lock, LockFolder(folder_));
  MODBOUND_RETURN_IF_ERROR(OpenNewest());
  MODBOUND_RETURN_IF_ERROR(FindEnd());
  std::string bytes;
  int64_t number = number_;
  std::string hash = last_hash_;
  const auto add = [&](const AuditRecord& record) {
    const std::string line = LineOf(record, ++number, hash);
    hash = Sha256Hex(line);
    absl::StrAppend(&bytes, line, "\n");
  };
  if (cut_bytes_ > 0) {
    add({WallMicros(), "cut_at_hole", {{"bytes", absl::StrCat(cut_bytes_)}}});
  }
  for (const AuditRecord& record : records) {
    add(record);
  }
  const absl::Status written = WriteAt(file_, path_, bytes, size_);
  if (!written.ok()) {
    // What it left is cut here or, at the latest, before the next line.
    if (::ftruncate(file_.get(), size_) != 0) {
      size_ = -1;
    }
    return written;
  }
  size_ += static_cast<int64_t>(bytes.size());
  number_ = number;
  last_hash_ = hash;
  cut_bytes_ = 0;
  return size_ > limits_.file_bytes ? PutAside() : absl::OkStatus();
}

absl::Status AuditFile::Sync() {
  return file_.get() < 0 ? absl::OkStatus() : SyncFile(file_, path_);
}

absl::Status AuditFile::PutAside() {
  MODBOUND_RETURN_IF_ERROR(Sync());
  MODBOUND_RETURN_IF_ERROR(RemoveFile(AsideName(path_, limits_.files)));
  for (int index = limits_.files - 1; index >= 1; --index) {
    const absl::Status moved =
        RenameFile(AsideName(path_, index), AsideName(path_, index + 1));
    if (!moved.ok() && !absl::IsNotFound(moved)) {
      return moved;
    }
  }
  MODBOUND_RETURN_IF_ERROR(RenameFile(path_, AsideName(path_, 1)));
  return SyncDirectory(folder_);
}

namespace {

// A file of the log, open: another name changes nothing. The newest one grows.
struct OpenLog {
  FileDescriptor file;
  std::string path;
  int64_t size = std::numeric_limits<int64_t>::max();
};

// Adds it, if it is there.
absl::StatusOr<bool> OpenOne(const std::string& path,
                             std::vector<OpenLog>& logs) {
  absl::StatusOr<FileDescriptor> file = OpenFile(path, O_RDONLY);
  if (absl::IsNotFound(file.status())) {
    return false;
  }
  MODBOUND_RETURN_IF_ERROR(file.status());
  logs.push_back({*std::move(file), path});
  return true;
}

// The files of one moment; none when there is no log.
absl::StatusOr<std::vector<OpenLog>> OpenLogs(const std::string& folder) {
  const std::string path = folder + "/audit.log";
  std::vector<OpenLog> logs;
  MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor lock, LockFolder(folder));
  MODBOUND_RETURN_IF_ERROR(OpenOne(path + ".hole", logs).status());
  bool more = true;
  for (int index = 1; more; ++index) {
    MODBOUND_ASSIGN_OR_RETURN(more, OpenOne(AsideName(path, index), logs));
  }
  // Right after one was put aside there is no newest one.
  MODBOUND_ASSIGN_OR_RETURN(const bool is_there, OpenOne(path, logs));
  if (is_there) {
    MODBOUND_ASSIGN_OR_RETURN(const ChainEnd end,
                              EndOfFile(logs.back().file, path));
    logs.back().size = end.size;
  }
  return logs;
}

}  // namespace

absl::Status CopyAuditLog(const std::string& folder,
                          const std::string& target) {
  MODBOUND_ASSIGN_OR_RETURN(const std::vector<OpenLog> logs, OpenLogs(folder));
  for (const OpenLog& log : logs) {
    MODBOUND_RETURN_IF_ERROR(CopyFile(
        log.file, log.path, target + log.path.substr(folder.size()), log.size));
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> VerifyAuditLog(const std::string& folder) {
  const std::string path = folder + "/audit.log";
  std::vector<std::string> paths = {path};
  for (int index = 1; ::access(AsideName(path, index).c_str(), F_OK) == 0;
       ++index) {
    paths.push_back(AsideName(path, index));
  }
  int64_t lines = 0;
  int64_t expected = 1;
  std::string hash;  // "" before the first line that is left
  bool any = false;
  for (auto name = paths.rbegin(); name != paths.rend(); ++name) {
    std::ifstream file(*name, std::ios::binary);
    any = any || file.is_open();
    std::string line;
    for (int64_t row = 1; std::getline(file, line); ++row) {
      const AuditJson json = AuditJson::parse(line, nullptr, false);
      const std::optional<int64_t> number = NumberOf(line);
      const std::string previous = number.has_value() &&
                                           json.contains("previous") &&
                                           json["previous"].is_string()
                                       ? json["previous"].get<std::string>()
                                       : "";
      if (hash.empty() && number.has_value()) {
        expected = *number;
        hash = *number == 1 ? NoHash() : previous;
      }
      if (!number.has_value() || *number != expected || previous != hash) {
        return MakeError(absl::StatusCode::kDataLoss,
                         "DIGEST_MISMATCH",
                         "",
                         absl::StrCat("line ",
                                      row,
                                      " of ",
                                      *name,
                                      " does not go on from the line before:"
                                      " lines were changed, removed or put"
                                      " in"));
      }
      hash = Sha256Hex(line);
      ++expected;
      ++lines;
    }
  }
  if (!any) {
    return MakeError(absl::StatusCode::kNotFound,
                     "ARTIFACT_NOT_FOUND",
                     "data_dir",
                     absl::StrCat("there is no audit log in ", folder));
  }
  return lines;
}

}  // namespace modbound
