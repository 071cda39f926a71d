#ifndef MODBOUND_SERVER_JOBS_PRODUCERS_H_
#define MODBOUND_SERVER_JOBS_PRODUCERS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "modbound/v1/job.pb.h"
#include "server/analyses/analysis.h"
#include "server/arrays/array.h"
#include "server/store/database.h"

namespace modbound {

// What is known of an output at the time a job that takes it is submitted.
struct KnownOutput {
  DTypeEnum dtype = v1::DType::UNSPECIFIED;
  std::vector<int64_t> shape;  // -1 = extent known only after the run
  std::string artifact;        // "" = not made yet
  std::vector<std::string> axes = {};
};

// A job whose outputs others take.
struct Producer {
  std::string id;
  // As whoever names it in an input knows it: "node sim", "job j1...".
  std::string called;
  v1::Spec spec;  // filled
  std::map<std::string, KnownOutput> outputs;
};

// The jobs that a submission may name in its inputs: its own nodes, as far as
// they are planned, and the owner's jobs in the store. References stay valid as
// long as this lives. Not safe from two threads.
class Producers {
 public:
  Producers(Database& database, std::string owner)
      : database_(database), owner_(std::move(owner)) {}

  void AddNode(const std::string& name, Producer producer);
  // `word`: the name of a node or else the id of a job. Errors: kNotFound
  // JOB_NOT_FOUND; kFailedPrecondition DEPENDENCY_FAILED when the job ended
  // without success.
  absl::StatusOr<const Producer*> Find(const std::string& word);

 private:
  absl::StatusOr<Producer> Load(const std::string& id);

  Database& database_;
  const std::string owner_;
  std::map<std::string, Producer> nodes_;
  std::map<std::string, Producer> jobs_;
};

// The plan of a node as what later nodes know of it.
std::map<std::string, KnownOutput> KnownOutputs(const Plan& plan);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_PRODUCERS_H_
