#include "server/executors/file_checkpoint.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <functional>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "build_info.h"
#include "core/base/error.h"
#include "server/files/failpoint.h"
#include "server/files/file_io.h"
#include "server/files/guarded.h"

namespace modbound {
namespace {

// Time between two writes, in times of what one took: 1% of all.
constexpr double kRestPerWrite = 99;
constexpr int64_t kFilesKept = 2;

double MonotonicSeconds() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Numbers of the files in `folder`, the newest first; removes what else is in
// it, such as the part of a file.
std::vector<int64_t> NumbersIn(const std::string& folder) {
  std::vector<int64_t> numbers;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end;
       !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename();
    int64_t number = 0;
    const char* const last = name.data() + name.size();
    const auto [rest, fault] = std::from_chars(name.data(), last, number);
    if (fault == std::errc() && rest == last && number > 0) {
      numbers.push_back(number);
    } else {
      RemoveFile(it->path()).IgnoreError();
    }
  }
  std::sort(numbers.begin(), numbers.end(), std::greater<>());
  return numbers;
}

}  // namespace

FileCheckpoint::FileCheckpoint(Options options)
    : options_(std::move(options)),
      start_(Now()),
      claimed_(start_),
      next_(start_ + options_.interval_seconds) {
  Load();
}

double FileCheckpoint::Now() const {
  return options_.clock ? options_.clock() : MonotonicSeconds();
}

std::string FileCheckpoint::PathOf(int64_t number) const {
  return absl::StrCat(options_.folder, "/", number);
}

void FileCheckpoint::Load() {
  const MutexLock lock(mutex_);
  for (const int64_t number : NumbersIn(options_.folder)) {
    if (resumed_.has_value()) {
      return;
    }
    number_ = std::max(number_, number);
    auto content = Guarded(
        [&] { return ReadCheckpointFile(PathOf(number), options_.stop); });
    if (absl::IsCancelled(content.status())) {
      return;
    }
    if (!content.ok() || content->header.key() != options_.key ||
        content->header.kernel_version() != kKernelVersion ||
        content->header.isa() != kIsa) {
      RemoveFile(PathOf(number)).IgnoreError();
      continue;
    }
    states_ = std::move(content->states);
    resumed_ = Resumed{content->header.phase(),
                       content->header.done(),
                       content->header.work_seconds()};
  }
}

std::string FileCheckpoint::Last(const std::string& name) {
  const MutexLock lock(mutex_);
  const auto found = states_.find(name);
  return found == states_.end() ? "" : found->second;
}

bool FileCheckpoint::Due() {
  const double now = Now();
  double next = next_.load(std::memory_order_relaxed);
  if (now < next ||
      !next_.compare_exchange_strong(next, now + options_.interval_seconds)) {
    return false;
  }
  claimed_.store(now);
  return true;
}

void FileCheckpoint::Offer(const std::string& name,
                           int64_t done,
                           std::string state) {
  const MutexLock lock(mutex_);
  states_[name] = std::move(state);
  const absl::Status status =
      Guarded([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return Write(name, done);
      });
  const double now = Now();
  next_.store(now + std::max(options_.interval_seconds,
                             kRestPerWrite * (now - claimed_.load())));
  if (!status.ok() && !absl::IsCancelled(status) && !failing_ &&
      options_.on_failure) {
    options_.on_failure(status);
  }
  failing_ = !status.ok();
}

absl::Status FileCheckpoint::Write(const std::string& phase, int64_t done) {
  int64_t size = 0;
  for (const auto& [name, state] : states_) {
    size += static_cast<int64_t>(state.size());
  }
  if (size > max_bytes()) {
    return MakeError(absl::StatusCode::kResourceExhausted,
                     reason::kMemoryLimit,
                     "",
                     absl::StrCat("a checkpoint of ",
                                  size,
                                  " bytes; allowed: at most ",
                                  max_bytes()));
  }
  internal::CheckpointHeader header;
  header.set_kernel_version(kKernelVersion);
  header.set_isa(kIsa);
  header.set_key(options_.key);
  header.set_work_seconds(Now() - start_ +
                          (resumed_.has_value() ? resumed_->work_seconds : 0));
  header.set_phase(phase);
  header.set_done(done);
  MODBOUND_RETURN_IF_ERROR(WriteCheckpointFile(
      PathOf(number_ + 1), std::move(header), states_, options_.stop));
  ReachFailpoint(Failpoint::kCheckpointStored);
  ++number_;
  return RemoveFile(PathOf(number_ - kFilesKept));
}

void FileCheckpoint::Keep(const std::string& name, std::string state) {
  const MutexLock lock(mutex_);
  states_[name] = std::move(state);
}

void FileCheckpoint::Drop(const std::string& prefix) {
  const MutexLock lock(mutex_);
  auto it = states_.lower_bound(prefix);
  while (it != states_.end() && it->first.rfind(prefix, 0) == 0) {
    it = states_.erase(it);
  }
}

int64_t FileCheckpoint::max_bytes() const { return kMaxCheckpointBytes; }

std::string ResumedText(const FileCheckpoint::Resumed& from) {
  return absl::StrFormat(
      "goes on from a checkpoint: phase %s, %d done, %.3f s of work",
      from.phase,
      from.done,
      from.work_seconds);
}

}  // namespace modbound
