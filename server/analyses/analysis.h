#ifndef MODBOUND_SERVER_ANALYSES_ANALYSIS_H_
#define MODBOUND_SERVER_ANALYSES_ANALYSIS_H_

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "modbound/v1/artifact.pb.h"
#include "modbound/v1/job.pb.h"
#include "modbound/v1/server.pb.h"
#include "server/arrays/array.h"

// The seam between jobs and science. A kind is an Analysis: two functions and
// four tables. Everything else (parsing, defaults, ranges, help, queueing,
// storage, transport) works from the spec message's descriptor and from these
// tables.
namespace modbound {

// An input that a kind takes.
struct InputRule {
  // "activity", or "variables/*" for any number of arrays with this prefix.
  std::string name;
  // One letter an axis, "T", "N": the same letter must have the same extent in
  // every input. Alternatives of another rank go in more_axes (labels may be
  // (N) or (P,N)).
  std::vector<std::string> axes = {};
  std::string comment = {};
  bool optional = false;
  // "network": an input of that name stands for all members of the group.
  std::string group = {};
  std::vector<std::vector<std::string>> more_axes = {};
  // Refused when the facts say otherwise.
  bool finite = true;
  bool labels = false;  // whole numbers >= -1
  // The first axis is time. A network of an ensemble may have fewer steps than
  // others; what its array was filled up with is cut off (ensemble_inputs.h).
  bool steps = false;
};

// An output that a kind makes, for help and for downstream planning.
struct OutputRule {
  std::string name;  // "psychometric", "variables/*"
  std::vector<std::string> axes = {};
  DTypeEnum dtype = v1::DType::FLOAT64;
  std::string comment = {};
};

// What is known of an input before it is read.
struct InputInfo {
  DTypeEnum dtype = v1::DType::UNSPECIFIED;  // UNSPECIFIED = not known before
                                             // the making job ran
  std::vector<int64_t>
      shape;  // -1 = extent not known before the making job ran
  std::optional<v1::ArrayFacts>
      facts;  // unset = not known before the making job ran
  const v1::Spec* producer = nullptr;  // filled spec of the making job; null
                                       // for uploads and during the run
  // Names that the making job or the client gave its axes; empty when the
  // client gave none, and during the run.
  std::vector<std::string> axes = {};
};
using InputInfos = std::map<std::string, InputInfo>;

// Shape that an output will have.
struct PlannedOutput {
  std::string name;
  DTypeEnum dtype = v1::DType::FLOAT64;
  std::vector<int64_t> shape;  // -1 = known only after the run
  std::vector<std::string> axes = {};
  // What extents known only after the run are at most; 0 = not known either.
  int64_t most_extent = 0;
};

// The most that one job may be given.
struct JobLimits {
  int cores = 1;  // >= 1
  int64_t memory_bytes = std::numeric_limits<int64_t>::max();
};

// What a job will need and make.
struct Plan {
  std::vector<PlannedOutput> outputs;
  // Estimate of all buffers of the attempt: inputs, work, outputs. A kind
  // leaves out what grows with the threads; PlanJob adds it.
  int64_t memory_bytes = 0;
  int64_t thread_bytes = 0;  // what each thread works in
  // More threads than this would idle; from PlanJob also no more than the
  // limits leave room for.
  int max_threads = 1;
};

// What a run found.
struct Outcome {
  // Not OK: what the job FAILED with, though there is something to keep: the
  // rest of this is of what was done before.
  // A network of an ensemble that failed keeps nothing.
  absl::Status failure;
  v1::Summary summary;
  std::map<std::string, HostArray> outputs;
  // The plan's memory estimate with exact shapes and the threads of the run;
  // RunJob sets it.
  int64_t peak_job_bytes = 0;
};

using InputArrays = std::map<std::string, HostArray>;
using InputFacts = std::map<std::string, v1::ArrayFacts>;

// One kind of job.
struct Analysis {
  // Field of v1::Spec.
  std::string kind;
  std::vector<InputRule> inputs;
  std::vector<OutputRule> outputs;
  // Proto JSON of the spec; must pass the rules.
  std::string example_spec;
  // Fills what the rules leave to the kind (a task's own defaults, the model of
  // the making job), checks what the rules cannot (fields against each other
  // and against the inputs), estimates. Called at submit with what is known
  // then, and again before the first kernel with everything known: the same
  // words refuse the same fault in both places. `spec` has this kind set,
  // defaults filled and ranges checked. Fields in errors: "gamma",
  // "inputs.matrix".
  absl::StatusOr<Plan> (*plan)(v1::Spec& spec,
                               const InputInfos& inputs) = nullptr;
  // Runs it. Outputs are those of the plan; same bytes whatever `execution`
  // says.
  absl::StatusOr<Outcome> (*run)(const v1::Spec& spec,
                                 const InputArrays& inputs,
                                 const Execution& execution) = nullptr;
  // In place of `run`, for a kind whose inputs may fill the memory: they are
  // its own, so that the buffer of one may become what it works in, and what is
  // known of them need not be found again.
  absl::StatusOr<Outcome> (*run_owned)(const v1::Spec& spec,
                                       InputArrays inputs,
                                       const InputInfos& infos,
                                       const Execution& execution) = nullptr;
  // Whichever of the two it has.
  absl::StatusOr<Outcome> Run(const v1::Spec& spec,
                              InputArrays arrays,
                              const InputInfos& infos,
                              const Execution& execution) const {
    return run_owned == nullptr
               ? run(spec, arrays, execution)
               : run_owned(spec, std::move(arrays), infos, execution);
  }

  // Ensembles of networks are no matter of a kind: `plan` and `run` see one of
  // them at a time (ensemble.h). What follows is for them.
  // Numbers of the summary, such as "step.r", whose mean over networks is
  // tested against 0.
  std::vector<std::string> ensemble_tests = {};
  // Adds the tests across networks of what outputs hold (network_tests.h);
  // `outputs` are those of the ensemble, `inputs` those of one network. Null =
  // none.
  absl::Status (*test_networks)(const InputInfos& inputs,
                                const std::map<std::string, HostArray>& outputs,
                                v1::Summary& summary) = nullptr;
  // Networks that a filled spec asks for by itself, 1 = no ensemble; null = a
  // kind that never does.
  int64_t (*networks)(const v1::Spec& spec) = nullptr;
  // Writes down in the spec that its inputs are of so many; set with networks.
  void (*set_networks)(int64_t networks, v1::Spec& spec) = nullptr;
  // Runs network i of the ensemble of `spec`; null = `run` with the network's
  // seed (ShardSeed) in the place of the spec's.
  absl::StatusOr<Outcome> (*run_network)(const v1::Spec& spec,
                                         int64_t network,
                                         const InputArrays& inputs,
                                         const Execution& execution) = nullptr;
};

// The kind set in `spec`, "" when none is.
std::string KindOf(const v1::Spec& spec);

// The analysis of a kind; null when there is none.
const Analysis* FindAnalysis(std::string_view kind);

// All of them, in the order of v1::Spec's fields.
const std::vector<const Analysis*>& AllAnalyses();

// Prepares a spec for its kind: refuses unknown fields, fills defaults, checks
// ranges (field rules), checks presence, type, shape and facts of inputs (input
// rules), then calls the kind's own plan, for each network of an ensemble the
// same, and gives it as many threads as it can
// use, has cores for and has memory for (one at least). Inputs must be expanded
// (no groups). Errors: kInvalidArgument with field paths "spec.KIND.x" or
// "inputs.NAME".
absl::StatusOr<Plan> PlanJob(v1::Spec& spec,
                             const InputInfos& inputs,
                             const JobLimits& limits = {});

// kResourceExhausted MEMORY_LIMIT when the plan needs more than `memory_limit`
// bytes.
absl::Status CheckMemory(const Plan& plan, int64_t memory_limit);

// Names that an input stands for: "network" -> w_in ... b_out; any other name
// -> itself.
std::vector<std::string> ExpandInput(const Analysis& analysis,
                                     const std::string& name);

// Runs an analysis: facts of all inputs, PlanJob again for the threads of
// `execution`, memory check against `memory_limit`, then its run on the threads
// of the plan. `known`: facts of these very inputs, which are
// not scanned again. Buffers of `inputs` that nobody else holds may be written
// to. No exception leaves it. Errors: those of the plan;
// kResourceExhausted MEMORY_LIMIT; kCancelled; those of the run.
absl::StatusOr<Outcome> RunJob(v1::Spec spec,
                               InputArrays inputs,
                               int64_t memory_limit,
                               const Execution& execution,
                               const InputFacts& known = {});

// What ListKinds says of a kind.
v1::KindInfo DescribeKind(const Analysis& analysis);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_ANALYSIS_H_
