#ifndef MODBOUND_CLIENT_CLI_WAIT_H_
#define MODBOUND_CLIENT_CLI_WAIT_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/interrupt.h"
#include "client/cli/session.h"
#include "client/cli/watch.h"
#include "modbound/v1/job.pb.h"

namespace modbound {

// A job that is waited for.
struct Awaited {
  v1::Job job;
  std::string title;  // before the state in the progress line
  std::string out;    // folder of its result; "" = none
};

// Waits for jobs that someone at the terminal started. Ctrl-C leaves them
// running and says how to come back; a second one within three seconds cancels
// them and waits for their end; a third leaves before that.
class Wait {
 public:
  Wait(Session& session, Interrupt& interrupt)
      : session_(session), interrupt_(interrupt) {}

  // Waits for `jobs` in turn; each is brought up to date. `on_end` is called as
  // each ends, and again for the same one after a Ctrl-C that did not mean to
  // leave (its InterruptedError).
  // Errors: those of Watch::ToEnd and of `on_end`; InterruptedError when left.
  absl::Status ForAll(std::vector<Awaited>& jobs,
                      const std::function<absl::Status(size_t)>& on_end);

  // A line on standard error, beside the progress.
  void Note(const std::string& text) { progress_.Note(text); }

 private:
  // Repeats `step` while it ends with a Ctrl-C that did not mean to leave.
  absl::Status Repeat(const std::vector<Awaited>& jobs,
                      size_t first,
                      const std::function<absl::Status()>& step);
  // OK = the jobs from `first` on are being cancelled, go on.
  absl::Status OnInterrupt(const std::vector<Awaited>& jobs, size_t first);

  Session& session_;
  Interrupt& interrupt_;
  ProgressLine progress_;
  bool cancelling_ = false;
};

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_WAIT_H_
