#ifndef MODBOUND_CLIENT_CLI_WATCH_H_
#define MODBOUND_CLIENT_CLI_WATCH_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "client/cli/connection.h"
#include "client/cli/interrupt.h"
#include "client/cli/outage.h"
#include "client/cli/progress_line.h"
#include "modbound/v1/job.pb.h"

namespace modbound {

// Brings `job` up to date with an event of it.
void ApplyEvent(const v1::JobEvent& event, v1::Job& job);

// Follows one job to its end, across restarts of the server.
class Watch {
 public:
  using OnEvent = std::function<void(const v1::JobEvent&, const v1::Job&)>;

  // `job`: as the server last gave it.
  Watch(Connection& connection,
        v1::Job job,
        Interrupt& interrupt,
        ProgressLine& progress);

  // Called for every event, before the progress line is drawn.
  void set_on_event(OnEvent on_event) { on_event_ = std::move(on_event); }

  // Put before the state in the progress line.
  void set_title(std::string title) { title_ = std::move(title); }

  // Returns when the job has ended; job() is then complete. May be called again
  // after an interruption.
  // Errors: the server's; kUnavailable after the connection's patience;
  // InterruptedError as soon as there is a Ctrl-C, which it takes.
  absl::Status ToEnd();

  // The job as far as it is known.
  const v1::Job& job() const { return job_; }

 private:
  absl::Status ReadEvents();
  // What to do about a stream that ended with `status`: OK = open it again.
  absl::Status Recover(const absl::Status& status);
  // Asks for the whole job, once.
  absl::Status Refresh();

  Connection& connection_;
  v1::Job job_;
  Interrupt& interrupt_;
  ProgressLine& progress_;
  OnEvent on_event_;
  std::string title_;
  std::string resume_token_;
  Backoff backoff_;
  Outage outage_;
};

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_WATCH_H_
