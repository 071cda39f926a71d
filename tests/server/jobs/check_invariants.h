#ifndef MODBOUND_TESTS_SERVER_JOBS_CHECK_INVARIANTS_H_
#define MODBOUND_TESTS_SERVER_JOBS_CHECK_INVARIANTS_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "server/jobs/job_rows.h"
#include "server/jobs/verify_store.h"
#include "server/store/database.h"

namespace modbound {

// VerifyStore finds nothing: what it looks for holds in every store at any
// time, whatever happened before. With `idle`: nothing is left to do. Otherwise
// attempts may go on, but none may come to its end meanwhile.
inline void CheckInvariants(Database& database, bool idle) {
  // Removals that are queued.
  EXPECT_TRUE(
      database.WriteAndWait([](Connection&) { return absl::OkStatus(); }).ok());
  const absl::Status read = database.Read([&](Connection& c) -> absl::Status {
    MODBOUND_ASSIGN_OR_RETURN(const StoreReport report,
                              VerifyStore(c, database.data_dir()));
    EXPECT_THAT(report.problems, ::testing::IsEmpty());
    // A test may have removed the folder under the store before it closes it.
    EXPECT_THAT(report.leftovers, ::testing::IsEmpty());
    MODBOUND_ASSIGN_OR_RETURN(
        const auto open, TextColumn(c, "SELECT id FROM job WHERE state < 4"));
    EXPECT_TRUE(open.empty() || !idle) << open.front() << " has not ended";
    return absl::OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
}

}  // namespace modbound

#endif  // MODBOUND_TESTS_SERVER_JOBS_CHECK_INVARIANTS_H_
