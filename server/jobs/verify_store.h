#ifndef MODBOUND_SERVER_JOBS_VERIFY_STORE_H_
#define MODBOUND_SERVER_JOBS_VERIFY_STORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/database.h"

namespace modbound {

// What a look at a whole store found.
struct StoreReport {
  int64_t jobs = 0;
  int64_t artifacts = 0;
  int64_t artifact_bytes = 0;
  // What must not be, a sentence each: something was lost or damaged.
  std::vector<std::string> problems;
  // Files of artifacts that no row names: room that the server gives free when
  // it next starts.
  std::vector<std::string> leftovers;
};

// Facts that hold in every store at any time, whatever happened before:
// - rows of jobs, results and events can be read;
// - events of a job are numbered from 1 without gaps, each step is one that the
//   state machine has, the last one is the job's state, attempts count the
//   starts; so a job ends at most once;
// - ended jobs have an end time and a result, others have neither; only running
//   ones have a token;
// - a job that needs others is WAITING as long as one of them has not ended and
//   none has failed; it gets past WAITING only when all succeeded;
// - every artifact that a job uses has its row, and every row its bytes.
// `data_dir` is where the artifacts of this connection's store lie. Errors:
// those of the store.
absl::StatusOr<StoreReport> VerifyStore(Connection& connection,
                                        const std::string& data_dir);

// The same for a folder on which no server runs, and SQLite's own check of the
// file first. Changes nothing. Errors: kFailedPrecondition WRONG_STATE when
// there is no store, when a server runs on it, or when its schema is not this
// version's.
absl::StatusOr<StoreReport> VerifyDataDir(const std::string& data_dir);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_VERIFY_STORE_H_
