#ifndef MODBOUND_TESTS_SERVER_JOBS_CLIENT_HISTORY_H_
#define MODBOUND_TESTS_SERVER_JOBS_CLIENT_HISTORY_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/mutex.h"
#include "server/jobs/job_state.h"

namespace modbound {

// What a client asked of a job and was told, between two ticks of one clock.
struct Operation {
  enum What { kSubmit, kGet, kCancel, kDelete };
  What what = kGet;
  int64_t began = 0;
  int64_t answered = 0;
  // As the answer showed it; of a delete, and of a job that is gone, the state
  // after all others.
  JobStateEnum state = v1::JobState::UNSPECIFIED;
  bool gone = false;
};

// Operations of many clients on the same jobs, held against one job that does
// one operation at a time. A job's state only moves forward, so such an order
// exists exactly when no operation saw less than one that was answered before
// it began, all ends that were seen are one, and cancels and deletes did what
// they answered.
class ClientHistory {
 public:
  int64_t Tick() { return ++clock_; }
  void Add(const std::string& job, const Operation& operation) {
    const MutexLock lock(mutex_);
    jobs_[job].push_back(operation);
  }

  // A sentence for each thing that no sequential order explains.
  std::vector<std::string> Violations() const {
    const MutexLock lock(mutex_);
    std::vector<std::string> found;
    for (const auto& [job, operations] : jobs_) {
      CheckJob(job, operations, found);
    }
    return found;
  }
  std::size_t size() const {
    const MutexLock lock(mutex_);
    std::size_t count = 0;
    for (const auto& [job, operations] : jobs_) {
      count += operations.size();
    }
    return count;
  }

 private:
  static constexpr int kEnded = 100;
  static constexpr int kGone = 101;
  static int RankOf(const Operation& operation) {
    return operation.gone              ? kGone
           : HasEnded(operation.state) ? kEnded
                                       : static_cast<int>(operation.state);
  }
  static void CheckJob(const std::string& job,
                       const std::vector<Operation>& operations,
                       std::vector<std::string>& found) {
    JobStateEnum end = v1::JobState::UNSPECIFIED;
    bool cancelled = false;
    int64_t first_delete = INT64_MAX;
    for (const Operation& operation : operations) {
      if (operation.what == Operation::kDelete && operation.gone) {
        first_delete = std::min(first_delete, operation.began);
      }
    }
    for (const Operation& later : operations) {
      if (!later.gone && HasEnded(later.state)) {
        if (end != v1::JobState::UNSPECIFIED && end != later.state) {
          found.push_back(absl::StrCat(job,
                                       " ended as ",
                                       StateWord(end),
                                       " and as ",
                                       StateWord(later.state)));
        }
        end = later.state;
      }
      cancelled |= later.what == Operation::kCancel && !later.gone &&
                   !HasEnded(later.state);
      if (later.gone && later.answered < first_delete) {
        found.push_back(absl::StrCat(job, " was gone before it was deleted"));
      }
      for (const Operation& earlier : operations) {
        if (earlier.answered < later.began && RankOf(earlier) > RankOf(later)) {
          found.push_back(absl::StrCat(job,
                                       " was ",
                                       StateWord(later.state),
                                       " at ",
                                       later.began,
                                       " although an answer of ",
                                       earlier.answered,
                                       " had seen more"));
        }
      }
    }
    if (cancelled && end != v1::JobState::UNSPECIFIED &&
        end != v1::JobState::CANCELLED) {
      found.push_back(absl::StrCat(
          job, " was cancelled before its end but is ", StateWord(end)));
    }
  }

  std::atomic<int64_t> clock_{0};
  mutable Mutex mutex_;
  std::map<std::string, std::vector<Operation>> jobs_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace modbound

#endif  // MODBOUND_TESTS_SERVER_JOBS_CLIENT_HISTORY_H_
