#ifndef MODBOUND_SERVER_EXECUTORS_WORKER_REPORT_H_
#define MODBOUND_SERVER_EXECUTORS_WORKER_REPORT_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "core/base/execution.h"
#include "modbound/internal/attempt.pb.h"

// What modbound-worker and the server say to each other: lines of
// internal::WorkerReport, and the worker's exit codes.
namespace modbound {

// Exit codes of modbound-worker.
inline constexpr int kWorkerOk = 0;       // a result is written
inline constexpr int kWorkerFailed = 1;   // no result; the last report says why
inline constexpr int kWorkerUsage = 2;    // command line, CPU or build refused
inline constexpr int kWorkerStopped = 4;  // a signal told it to stop
// More memory than it may have was wanted where nothing could catch that.
inline constexpr int kWorkerOutOfMemory = 5;

// Of this build: server and worker must have the same, or what they say to each
// other, and the bytes of results, may differ.
std::string WorkerBuild();

internal::WorkerReport ProgressReport(const ProgressUpdate& update);
internal::WorkerReport AliveReport();
internal::WorkerReport FailureReport(const absl::Status& status);

// One line with its end; "" when the report holds text that is no UTF-8.
std::string ReportLine(const internal::WorkerReport& report);
// Of a line without its end; nothing when it is not a report.
std::optional<internal::WorkerReport> ParseReport(std::string_view line);

ProgressUpdate ToProgressUpdate(const v1::Progress& progress);

}  // namespace modbound

#endif  // MODBOUND_SERVER_EXECUTORS_WORKER_REPORT_H_
