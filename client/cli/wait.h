#ifndef MODBOUND_CLIENT_CLI_WAIT_H_
#define MODBOUND_CLIENT_CLI_WAIT_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/interrupt.h"
#include "client/cli/session.h"
#include "client/cli/watch.h"
#include "modbound/v1/job.pb.h"

namespace modbound {

// Waits for jobs that someone at the terminal started. Ctrl-C leaves them
// running and says how to come back; a second one within three seconds cancels
// them and waits for their end.
class Wait {
 public:
  // `out`: folder that the message about coming back names; "" = none.
  Wait(Session& session, Interrupt& interrupt, std::string out);

  // Waits for `jobs` in turn; each is brought up to date. `titles` stand before
  // the states in the progress line (none or one a job). `on_end` is called as
  // each ends.
  // Errors: those of Watch::ToEnd; InterruptedError when detached.
  absl::Status ForAll(
      std::vector<v1::Job>& jobs,
      const std::vector<std::string>& titles,
      const std::function<absl::Status(size_t, const v1::Job&)>& on_end);

 private:
  // OK = the jobs are being cancelled, wait on.
  absl::Status OnInterrupt(const std::vector<v1::Job>& jobs, size_t first);
  std::string DetachText(const std::vector<v1::Job>& jobs, size_t first) const;

  Session& session_;
  Interrupt& interrupt_;
  ProgressLine progress_;
  std::string out_;
  bool cancelling_ = false;
};

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_WAIT_H_
