#include "server/jobs/job_logs.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "server/files/copy_file.h"
#include "server/files/file_io.h"
#include "server/jobs/text_rules.h"
#include "server/store/sqlite_handle.h"
#include "server/store/wall_time.h"

namespace modbound {
namespace {

// "2026-11-24T02:58:37.125Z".
std::string TimeText(int64_t micros) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ",
                          absl::FromUnixMicros(micros),
                          absl::UTCTimeZone());
}

}  // namespace

JobLogs::JobLogs(const std::string& data_dir,
                 std::function<void(const std::string& job)> changed)
    : folder_(data_dir + "/logs"), changed_(std::move(changed)) {}

absl::Status JobLogs::Open() const { return MakeDirectory(folder_); }

std::string JobLogs::PathOf(const std::string& job) const {
  return absl::StrCat(folder_, "/", job);
}

Mutex& JobLogs::MutexOf(const std::string& job) {
  return mutexes_[std::hash<std::string>()(job) % mutexes_.size()];
}

void JobLogs::Append(const std::string& job, std::string_view line) {
  constexpr std::size_t kMostText = kMostLogLine - 64;
  const std::string text = absl::StrCat(
      TimeText(WallMicros()), " ", PrintableText(line, kMostText), "\n");
  absl::Status status;
  {
    const MutexLock lock(MutexOf(job));
    status = AppendLocked(job, text);
  }
  if (!status.ok()) {
    spdlog::warn(
        "event=log_not_written job={} error=\"{}\"", job, LogText(status));
    return;
  }
  changed_(job);
}

absl::Status JobLogs::AppendLocked(const std::string& job,
                                   std::string_view line) {
  absl::StatusOr<LogFile> log = LogFile::OpenToAppend(PathOf(job));
  if (absl::IsDataLoss(log.status())) {
    // A power cut took its header: what comes now is worth more.
    MODBOUND_RETURN_IF_ERROR(RemoveFile(PathOf(job)));
    log = LogFile::OpenToAppend(PathOf(job));
  }
  MODBOUND_RETURN_IF_ERROR(log.status());
  return log->Append(line);
}

void JobLogs::Sync(const std::string& job) {
  const MutexLock lock(MutexOf(job));
  const absl::StatusOr<LogFile> log = LogFile::OpenToRead(PathOf(job));
  absl::Status status = log.ok() ? log->Sync() : log.status();
  if (status.ok()) {
    status = SyncDirectory(folder_);
  }
  if (!status.ok()) {
    spdlog::warn(
        "event=log_not_synced job={} error=\"{}\"", job, LogText(status));
  }
}

absl::StatusOr<LogFile::Piece> JobLogs::Read(const std::string& job,
                                             int64_t offset,
                                             int64_t most) {
  const MutexLock lock(MutexOf(job));
  const absl::StatusOr<LogFile> log = LogFile::OpenToRead(PathOf(job));
  if (log.ok()) {
    return log->Read(offset, most);
  }
  if (!absl::IsNotFound(log.status())) {
    return log.status();
  }
  if (offset != 0) {
    return Refuse(
        "OUT_OF_RANGE",
        "offset",
        absl::StrCat(
            "offset is ", offset, "; allowed: 0, for the log is empty"));
  }
  return LogFile::Piece();
}

void JobLogs::Remove(const std::string& job) {
  const MutexLock lock(MutexOf(job));
  const absl::Status status = RemoveFile(PathOf(job));
  if (!status.ok()) {
    // The next start of the server removes it.
    spdlog::warn(
        "event=log_not_removed job={} error=\"{}\"", job, LogText(status));
  }
}

absl::Status CopyJobLogs(const std::string& data_dir,
                         const std::string& target) {
  MODBOUND_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteHandle> handle,
                            SqliteHandle::Open(target + "/modbound.sqlite3",
                                               SqliteHandle::Mode::kReadWrite));
  Connection connection(*handle);
  MODBOUND_ASSIGN_OR_RETURN(Statement jobs,
                            connection.Prepare("SELECT id FROM job"));
  MODBOUND_RETURN_IF_ERROR(MakeDirectory(target + "/logs"));
  while (true) {
    MODBOUND_ASSIGN_OR_RETURN(const bool row, jobs.Step());
    if (!row) {
      return SyncDirectory(target + "/logs");
    }
    const std::string name = absl::StrCat("/logs/", jobs.Text(0));
    const absl::StatusOr<FileDescriptor> log =
        OpenFile(data_dir + name, O_RDONLY);
    if (absl::IsNotFound(log.status())) {
      continue;
    }
    MODBOUND_RETURN_IF_ERROR(log.status());
    // The header, which counts only bytes that are there, is read first.
    MODBOUND_RETURN_IF_ERROR(CopyFile(*log, data_dir + name, target + name));
  }
}

}  // namespace modbound
