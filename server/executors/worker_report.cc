#include "server/executors/worker_report.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "build_info.h"
#include "server/errors/error_status.h"

namespace modbound {

std::string WorkerBuild() {
  return absl::StrCat(kVersion, "/", kKernelVersion, "/", kIsa);
}

internal::WorkerReport ProgressReport(const ProgressUpdate& update) {
  internal::WorkerReport report;
  v1::Progress& progress = *report.mutable_progress();
  progress.set_done(update.done);
  progress.set_total(update.total);
  progress.set_unit(update.unit);
  progress.set_phase(update.phase);
  if (update.total > 0) {
    progress.set_fraction(std::clamp(
        static_cast<double>(update.done) / static_cast<double>(update.total),
        0.0,
        1.0));
  }
  progress.mutable_metrics()->insert(update.metrics.begin(),
                                     update.metrics.end());
  return report;
}

internal::WorkerReport AliveReport() {
  internal::WorkerReport report;
  report.mutable_alive();
  return report;
}

internal::WorkerReport FailureReport(const absl::Status& status) {
  internal::WorkerReport report;
  *report.mutable_failure() = ToRpcStatus(status);
  return report;
}

std::string ReportLine(const internal::WorkerReport& report) {
  std::string line;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  const bool ok =
      google::protobuf::util::MessageToJsonString(report, &line, options).ok();
  return ok ? line + "\n" : "";
}

std::optional<internal::WorkerReport> ParseReport(std::string_view line) {
  internal::WorkerReport report;
  const bool ok =
      google::protobuf::util::JsonStringToMessage(std::string(line), &report)
          .ok();
  if (!ok || report.report_case() == internal::WorkerReport::REPORT_NOT_SET) {
    return std::nullopt;
  }
  return report;
}

ProgressUpdate ToProgressUpdate(const v1::Progress& progress) {
  ProgressUpdate update;
  update.done = progress.done();
  update.total = progress.total();
  update.unit = progress.unit();
  update.phase = progress.phase();
  update.metrics.insert(progress.metrics().begin(), progress.metrics().end());
  return update;
}

}  // namespace modbound
