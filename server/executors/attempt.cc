#include "server/executors/attempt.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/analyses/analysis.h"
#include "server/errors/error_status.h"
#include "server/executors/attempt_clock.h"
#include "server/executors/attempt_files.h"
#include "server/executors/peak_rss.h"
#include "server/files/failpoint.h"
#include "server/files/file_io.h"
#include "server/files/guarded.h"

namespace modbound {
namespace {

// Errors of reading that are the attempt's outcome, to be stored with the job.
// Others say that the directory could not be read.
bool IsOutcome(const absl::Status& status) {
  return absl::IsDataLoss(status) ||
         (absl::IsResourceExhausted(status) && !IsShortage(status));
}

// In the order of the names: which fault is found first is the same every time.
absl::StatusOr<InputArrays> ReadInputs(const std::string& dir,
                                       const internal::AttemptSpec& spec,
                                       const StopFlag& stop) {
  const std::map<std::string, internal::AttemptSpec::File> files(
      spec.inputs().begin(), spec.inputs().end());
  InputArrays inputs;
  for (const auto& [name, file] : files) {
    MODBOUND_ASSIGN_OR_RETURN(inputs[name], ReadInput(dir, name, file, stop));
  }
  return inputs;
}

absl::Status WriteOutputs(const std::string& dir,
                          const std::map<std::string, HostArray>& outputs,
                          const StopFlag& stop,
                          internal::AttemptResult& result) {
  int number = 0;
  for (const auto& [name, array] : outputs) {
    MODBOUND_ASSIGN_OR_RETURN(
        (*result.mutable_outputs())[name],
        WriteOutput(dir, absl::StrCat("out/", number++), array, stop));
  }
  return absl::OkStatus();
}

// Null when the attempt is to have none.
std::unique_ptr<FileCheckpoint> OpenCheckpoint(
    const std::string& dir,
    const internal::AttemptSpec& spec,
    AttemptSink& sink,
    const StopFlag& stop,
    internal::AttemptResult& result) {
  if (!(spec.checkpoint_seconds() > 0)) {
    return nullptr;
  }
  FileCheckpoint::Options options;
  options.folder = dir + "/checkpoint";
  options.key = spec.checkpoint_key();
  options.interval_seconds = spec.checkpoint_seconds();
  options.stop = &stop;
  options.on_failure = [&sink](const absl::Status& status) {
    sink.CheckpointFailed(status);
  };
  auto checkpoint = std::make_unique<FileCheckpoint>(std::move(options));
  if (checkpoint->resumed().has_value()) {
    sink.Resumed(*checkpoint->resumed());
    result.set_resumed_seconds(checkpoint->resumed()->work_seconds);
  }
  return checkpoint;
}

absl::StatusOr<Outcome> Analyse(const internal::AttemptSpec& spec,
                                InputArrays inputs,
                                Checkpoint* checkpoint,
                                AttemptSink& sink,
                                const StopFlag& stop) {
  Execution execution;
  execution.threads = std::max(1, spec.threads());
  execution.stop = &stop;
  execution.checkpoint = checkpoint;
  execution.progress = [&sink](const ProgressUpdate& update) {
    sink.Progress(update);
  };
  InputFacts known;
  for (const auto& [name, file] : spec.inputs()) {
    if (file.has_facts()) {
      known[name] = file.facts();
    }
  }
  return RunJob(spec.spec(),
                std::move(inputs),
                spec.memory_limit_bytes(),
                execution,
                known);
}

// Reads, runs and writes the outputs. Errors: what IsOutcome tells apart, and
// those of the analysis with `analysed` set.
absl::Status RunInDirectory(const std::string& dir,
                            const internal::AttemptSpec& spec,
                            AttemptSink& sink,
                            const StopFlag& stop,
                            internal::AttemptResult& result,
                            bool& is_outcome) {
  AttemptClock clock;
  absl::StatusOr<InputArrays> inputs = ReadInputs(dir, spec, stop);
  const std::unique_ptr<FileCheckpoint> checkpoint =
      OpenCheckpoint(dir, spec, sink, stop, result);
  result.set_load_seconds(clock.LapSeconds());
  if (!inputs.ok()) {
    is_outcome = IsOutcome(inputs.status());
    return inputs.status();
  }
  absl::StatusOr<Outcome> outcome =
      Analyse(spec, *std::move(inputs), checkpoint.get(), sink, stop);
  result.set_compute_seconds(clock.LapSeconds());
  result.set_cpu_seconds(clock.CpuSeconds(spec.threads()));
  if (!outcome.ok()) {
    is_outcome = true;
    return outcome.status();
  }
  result.set_peak_job_bytes(outcome->peak_job_bytes);
  *result.mutable_summary() = std::move(outcome->summary);
  MODBOUND_RETURN_IF_ERROR(WriteOutputs(dir, outcome->outputs, stop, result));
  is_outcome = true;
  return outcome->failure;
}

absl::Status Run(const std::string& dir,
                 const std::string& token,
                 AttemptSink& sink,
                 const StopFlag& stop,
                 AttemptProcess process) {
  MODBOUND_ASSIGN_OR_RETURN(const internal::AttemptSpec spec,
                            ReadAttemptSpec(dir, token));
  internal::AttemptResult result;
  bool is_outcome = false;
  const absl::Status status = Guarded([&] {
    return RunInDirectory(dir, spec, sink, stop, result, is_outcome);
  });
  // Whatever came of it: what was stopped has no result.
  if (stop.stopped()) {
    return StoppedError();
  }
  if (!status.ok() && !is_outcome) {
    return status;
  }
  if (process == AttemptProcess::kOwn) {
    if (const auto peak = PeakRssBytes(); peak.has_value()) {
      result.set_peak_rss_bytes(*peak);
    }
  }
  result.set_token(token);
  *result.mutable_status() = ToRpcStatus(status);
  ReachFailpoint(Failpoint::kResultOutputsWritten);
  MODBOUND_RETURN_IF_ERROR(WriteAttemptResult(dir, result));
  ReachFailpoint(Failpoint::kResultWritten);
  return absl::OkStatus();
}

}  // namespace

absl::Status RunAttempt(const std::string& dir,
                        const std::string& token,
                        AttemptSink& sink,
                        const StopFlag& stop,
                        AttemptProcess process) {
  return Guarded([&] { return Run(dir, token, sink, stop, process); });
}

}  // namespace modbound
