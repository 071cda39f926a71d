#ifndef MODBOUND_TESTS_SUPPORT_PROGRESS_LOG_H_
#define MODBOUND_TESTS_SUPPORT_PROGRESS_LOG_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/execution.h"
#include "gtest/gtest.h"

namespace modbound {

// Collects the progress of a computation. Fails the running test when a phase
// does not begin at 0, comes a second time, goes back or beyond its total.
// The log must outlive the execution that Watch returns.
class ProgressLog {
 public:
  Execution Watch(int threads = 1) {
    Execution execution;
    execution.threads = threads;
    execution.progress = [this](const ProgressUpdate& update) { Add(update); };
    return execution;
  }

  // Where each phase ended, in order: "covariance: 6 of 6 blocks".
  std::vector<std::string> Ends() const {
    std::vector<std::string> ends;
    for (const ProgressUpdate& last : last_) {
      ends.push_back(absl::StrCat(
          last.phase, ": ", last.done, " of ", last.total, " ", last.unit));
    }
    return ends;
  }

 private:
  void Add(const ProgressUpdate& update) {
    if (last_.empty() || last_.back().phase != update.phase) {
      for (const ProgressUpdate& earlier : last_) {
        EXPECT_NE(earlier.phase, update.phase) << "a phase comes again";
      }
      EXPECT_EQ(update.done, 0) << update.phase;
      last_.push_back(update);
      return;
    }
    EXPECT_GE(update.done, last_.back().done) << update.phase;
    EXPECT_LE(update.done, update.total) << update.phase;
    last_.back() = update;
  }

  std::vector<ProgressUpdate> last_;  // of each phase
};

}  // namespace modbound

#endif  // MODBOUND_TESTS_SUPPORT_PROGRESS_LOG_H_
