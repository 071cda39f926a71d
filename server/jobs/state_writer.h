#ifndef MODBOUND_SERVER_JOBS_STATE_WRITER_H_
#define MODBOUND_SERVER_JOBS_STATE_WRITER_H_

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "server/jobs/job_transitions.h"
#include "server/store/database.h"

namespace modbound {

// Commits changes of jobs and tells a listener, in the order of the commits,
// which states they brought. Threads: safe from any thread.
class StateWriter {
 public:
  using Change = std::function<absl::Status(Connection&, JobTransitions&)>;
  using Done = std::function<void(absl::Status)>;
  // Called on the database's writer thread after each commit.
  using Listener = std::function<void(const std::vector<StateChange>&)>;

  // `database` must outlive the writer, the writer every change it was given.
  StateWriter(Database& database, Listener listener)
      : database_(database), listener_(std::move(listener)) {}

  // As Database::Write; `done` comes after the listener.
  void Write(Change change,
             Done done,
             Database::Weight weight = Database::Weight::kLight);
  absl::Status WriteAndWait(const Change& change);

 private:
  Database& database_;
  const Listener listener_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_STATE_WRITER_H_
