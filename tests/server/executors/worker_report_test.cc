#include "server/executors/worker_report.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "server/errors/error_status.h"

namespace modbound {
namespace {

// The line without its end.
std::string LineOf(const internal::WorkerReport& report) {
  std::string line = ReportLine(report);
  EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
  line.pop_back();
  return line;
}

TEST(WorkerReport, CarriesProgress) {
  ProgressUpdate update;
  update.done = 3;
  update.total = 12;
  update.unit = "runs";
  update.phase = "consensus";
  update.metrics["quality"] = 0.1;
  const auto report = ParseReport(LineOf(ProgressReport(update)));
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->progress().fraction(), 0.25);
  const ProgressUpdate back = ToProgressUpdate(report->progress());
  EXPECT_EQ(back.done, update.done);
  EXPECT_EQ(back.total, update.total);
  EXPECT_EQ(back.unit, update.unit);
  EXPECT_EQ(back.phase, update.phase);
  EXPECT_EQ(back.metrics, update.metrics);
}

TEST(WorkerReport, CarriesAFailureWithReasonAndField) {
  const absl::Status status = MakeError(
      absl::StatusCode::kDataLoss, "DIGEST_MISMATCH", "inputs.a", "a\nis bad");
  const auto report = ParseReport(LineOf(FailureReport(status)));
  ASSERT_TRUE(report.has_value());
  const absl::Status back = FromRpcStatus(report->failure());
  EXPECT_EQ(back.code(), status.code());
  EXPECT_EQ(back.message(), status.message());
  EXPECT_EQ(ReasonOf(back), "DIGEST_MISMATCH");
  EXPECT_EQ(FieldOf(back), "inputs.a");
}

TEST(WorkerReport, TellsReportsFromOtherOutput) {
  EXPECT_TRUE(ParseReport(LineOf(AliveReport()))->has_alive());
  for (const char* line : {"", "{}", "warning: something", "{\"other\": 1}"}) {
    EXPECT_FALSE(ParseReport(line).has_value()) << line;
  }
}

}  // namespace
}  // namespace modbound
