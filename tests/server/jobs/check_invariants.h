#ifndef MODBOUND_TESTS_SERVER_JOBS_CHECK_INVARIANTS_H_
#define MODBOUND_TESTS_SERVER_JOBS_CHECK_INVARIANTS_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include "core/base/error.h"
#include "server/artifacts/artifact_store.h"
#include "server/jobs/job_rows.h"
#include "server/store/database.h"

namespace modbound {

// Which steps the state machine may take; 0 = not there yet.
inline bool MayFollow(int from, int to) {
  static const auto* const kSteps =
      new std::map<int, std::vector<int>>{{0, {1, 2}},        // accepted
                                          {1, {2, 5, 6, 7}},  // WAITING
                                          {2, {3, 5, 6}},     // QUEUED
                                          {3, {2, 4, 5, 6}},  // RUNNING
                                          {4, {}},
                                          {5, {}},
                                          {6, {}},
                                          {7, {}}};
  for (const int state : kSteps->at(from)) {
    if (state == to) {
      return true;
    }
  }
  return false;
}

inline void ExpectNoFileWithoutRow(Database& database,
                                   ArtifactStore& artifacts) {
  // Removals that are queued.
  EXPECT_TRUE(
      database.WriteAndWait([](Connection&) { return absl::OkStatus(); }).ok());
  // A test may have removed the folder under the store before it closes it.
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator
           it(database.data_dir() + "/artifacts", error),
       end;
       !error && it != end;
       it.increment(error)) {
    if (it->is_regular_file(error)) {
      EXPECT_TRUE(artifacts.Size(it->path().filename()).ok())
          << it->path() << " has no row";
    }
  }
}

// Facts that hold in every store at any time, whatever happened before:
// - events of a job are numbered from 1 without gaps, each step is one that the
//   state machine has, the last one is the job's state and attempt, attempts
//   count the starts; so a job ends at most once;
// - ended jobs have an end time and a result, others have neither; only running
//   ones have a token;
// - a job that needs others is WAITING as long as one of them has not ended and
//   none has failed; it gets past WAITING only when all succeeded;
// - every artifact that a job has as input or output is there, with its bytes;
// - every file of an artifact has its row.
// With `idle`: nothing is left to do. Otherwise attempts may go on, but none
// may come to its end meanwhile.
inline void CheckInvariants(Database& database,
                            ArtifactStore& artifacts,
                            bool idle) {
  struct JobFacts {
    int state = 0;
    int attempt = 0;
    std::string token;
    bool has_end = false;
    bool has_result = false;
  };
  std::map<std::string, JobFacts> jobs;
  std::map<std::string, std::vector<std::string>> needs;
  std::vector<std::string> digests;
  const absl::Status read = database.Read([&](Connection& c) -> absl::Status {
    MODBOUND_ASSIGN_OR_RETURN(
        Statement rows,
        c.Prepare("SELECT id, state, attempt, token, end_us, result IS NOT "
                  "NULL FROM job"));
    while (*rows.Step()) {
      jobs[rows.Text(0)] = {static_cast<int>(rows.Int(1)),
                            static_cast<int>(rows.Int(2)),
                            rows.Text(3),
                            rows.Int(4) != 0,
                            rows.Int(5) != 0};
    }
    MODBOUND_ASSIGN_OR_RETURN(Statement edges,
                              c.Prepare("SELECT job, needs FROM dependency"));
    while (*edges.Step()) {
      needs[edges.Text(0)].push_back(edges.Text(1));
    }
    MODBOUND_ASSIGN_OR_RETURN(
        digests, TextColumn(c, "SELECT DISTINCT digest FROM artifact_use"));
    MODBOUND_ASSIGN_OR_RETURN(
        Statement events,
        c.Prepare("SELECT job, sequence, state, attempt FROM event ORDER BY "
                  "job, sequence"));
    std::string job;
    int64_t sequence = 0;
    int state = 0;
    int starts = 0;
    std::map<std::string, int> last_states;
    while (*events.Step()) {
      if (events.Text(0) != job) {
        job = events.Text(0);
        sequence = 0;
        state = 0;
        starts = 0;
      }
      const int next = static_cast<int>(events.Int(2));
      EXPECT_EQ(events.Int(1), ++sequence) << job;
      EXPECT_TRUE(MayFollow(state, next))
          << job << ": " << state << " -> " << next;
      starts += next == 3 ? 1 : 0;
      EXPECT_EQ(events.Int(3), starts) << job;
      state = next;
      last_states[job] = state;
      EXPECT_EQ(jobs.count(job), 1u) << job;
    }
    for (const auto& [id, facts] : jobs) {
      EXPECT_EQ(last_states[id], facts.state) << id;
    }
    return absl::OkStatus();
  });
  ASSERT_TRUE(read.ok()) << read;
  for (const auto& [id, facts] : jobs) {
    const bool ended = facts.state >= 4;
    EXPECT_EQ(facts.has_end, ended) << id;
    EXPECT_EQ(facts.has_result, ended) << id;
    EXPECT_EQ(!facts.token.empty(), facts.state == 3) << id;
    EXPECT_TRUE(ended || !idle) << id << " is in state " << facts.state;
    int unended = 0;
    int failed = 0;
    for (const std::string& need : needs[id]) {
      const int state = jobs.count(need) > 0 ? jobs.at(need).state : 5;
      unended += state < 4 ? 1 : 0;
      failed += state > 4 ? 1 : 0;
    }
    if (facts.state == 1) {
      EXPECT_GT(unended, 0) << id;
      EXPECT_EQ(failed, 0) << id;
    } else if (facts.state >= 2 && facts.state <= 4) {
      EXPECT_EQ(unended + failed, 0) << id;
    }
  }
  for (const std::string& digest : digests) {
    const auto bytes = artifacts.ReadBytes(digest);
    EXPECT_TRUE(bytes.ok()) << bytes.status();
  }
  ExpectNoFileWithoutRow(database, artifacts);
}

}  // namespace modbound

#endif  // MODBOUND_TESTS_SERVER_JOBS_CHECK_INVARIANTS_H_
