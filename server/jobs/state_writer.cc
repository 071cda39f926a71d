#include "server/jobs/state_writer.h"

#include <memory>
#include <utility>

#include "server/jobs/job_time.h"
#include "server/store/commit_wait.h"

namespace modbound {

void StateWriter::Write(Change change, Done done, Database::Weight weight) {
  const auto made = std::make_shared<std::vector<StateChange>>();
  database_.Write(
      [change = std::move(change), made](Connection& connection) {
        JobTransitions transitions(connection, WallMicros(), *made);
        return change(connection, transitions);
      },
      [this, made, done = std::move(done)](absl::Status status) {
        if (status.ok() && !made->empty()) {
          listener_(*made);
        }
        done(std::move(status));
      },
      weight);
}

absl::Status StateWriter::WriteAndWait(const Change& change) {
  CommitWait commit;
  Write(change, commit.Done());
  return commit.Wait();
}

}  // namespace modbound
