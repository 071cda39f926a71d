#include "server/jobs/kept_checkpoints.h"

#include <spdlog/spdlog.h>

#include <charconv>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/files/failpoint.h"
#include "server/files/file_io.h"
#include "server/jobs/reconcile.h"

namespace modbound {
namespace {

constexpr char kCheckpointFolder[] = "/checkpoint";

bool IsEmptyFolder(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_empty(path, error) || error;
}

absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end;
       !error && it != end;
       it.increment(error)) {
    names.push_back(it->path().filename());
  }
  if (error) {
    return FileError("list", folder, error.value());
  }
  return names;
}

// Job and number of an attempt's directory; 0 = it is none.
std::pair<std::string, int> AttemptOf(const std::string& name) {
  const auto dash = name.rfind('-');
  int number = 0;
  if (dash != std::string::npos) {
    std::from_chars(name.data() + dash + 1, name.data() + name.size(), number);
  }
  return {name.substr(0, dash), number};
}

void LogLost(const std::string& job, const absl::Status& status) {
  spdlog::warn(
      "event=checkpoint_lost job={} error=\"{}\"", job, LogText(status));
}

}  // namespace

KeptCheckpoints::KeptCheckpoints(const std::string& data_dir)
    : attempts_(AttemptsFolder(data_dir)), folder_(data_dir + "/checkpoints") {}

std::string KeptCheckpoints::FolderOf(const std::string& job) const {
  return absl::StrCat(folder_, "/", job);
}

absl::Status KeptCheckpoints::TakeOver(
    const std::vector<std::string>& unended_jobs) {
  const std::set<std::string> unended(unended_jobs.begin(), unended_jobs.end());
  MODBOUND_RETURN_IF_ERROR(MakeDirectory(attempts_));
  MODBOUND_RETURN_IF_ERROR(MakeDirectory(folder_));
  const MutexLock lock(mutex_);
  MODBOUND_ASSIGN_OR_RETURN(const auto kept, NamesIn(folder_));
  for (const std::string& job : kept) {
    if (unended.count(job) != 0) {
      kept_.insert(job);
    } else {
      MODBOUND_RETURN_IF_ERROR(RemoveFolder(FolderOf(job)));
    }
  }
  // Of a job's directories the last one's counts.
  MODBOUND_ASSIGN_OR_RETURN(const auto names, NamesIn(attempts_));
  std::map<std::pair<std::string, int>, std::string> attempts;
  for (const std::string& name : names) {
    attempts[AttemptOf(name)] = absl::StrCat(attempts_, "/", name);
  }
  for (const auto& [attempt, dir] : attempts) {
    if (attempt.second > 0 && unended.count(attempt.first) != 0) {
      KeepLocked(attempt.first, dir);
    }
  }
  ReachFailpoint(Failpoint::kBootCheckpointKept);
  MODBOUND_RETURN_IF_ERROR(RemoveFolder(attempts_));
  ReachFailpoint(Failpoint::kBootAttemptsRemoved);
  return MakeDirectory(attempts_);
}

void KeptCheckpoints::Keep(const std::string& job, const std::string& dir) {
  const MutexLock lock(mutex_);
  KeepLocked(job, dir);
}

void KeptCheckpoints::KeepLocked(const std::string& job,
                                 const std::string& dir) {
  if (dir.empty() || IsEmptyFolder(dir + kCheckpointFolder)) {
    return;
  }
  // First, so that it is known whatever finds no memory after the rename.
  kept_.insert(job);
  absl::Status status = RemoveFolder(FolderOf(job));
  if (status.ok()) {
    status = RenameFile(dir + kCheckpointFolder, FolderOf(job));
  }
  if (status.ok()) {
    status = SyncDirectory(folder_);
  }
  if (!status.ok()) {
    kept_.erase(job);
    LogLost(job, status);
  }
}

void KeptCheckpoints::Give(const std::string& job, const std::string& dir) {
  const MutexLock lock(mutex_);
  if (kept_.count(job) == 0) {
    return;
  }
  const absl::Status status =
      RenameFile(FolderOf(job), dir + kCheckpointFolder);
  kept_.erase(job);
  if (!status.ok()) {
    LogLost(job, status);
  }
}

void KeptCheckpoints::Forget(const std::string& job) {
  const MutexLock lock(mutex_);
  if (kept_.count(job) == 0) {
    return;
  }
  const absl::Status status = RemoveFolder(FolderOf(job));
  kept_.erase(job);
  if (!status.ok()) {
    // The next start of the server removes it.
    LogLost(job, status);
  }
}

}  // namespace modbound
