#include "server/jobs/verify_store.h"

#include <filesystem>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/artifacts/artifact_store.h"
#include "server/artifacts/sha256.h"
#include "server/jobs/job_rows.h"
#include "server/jobs/job_state.h"
#include "server/store/commit_mark.h"
#include "server/store/data_dir.h"
#include "server/store/schema.h"
#include "server/store/schema_version.h"
#include "server/store/sqlite_handle.h"

namespace modbound {
namespace {

struct JobFacts {
  JobStateEnum state = v1::JobState::UNSPECIFIED;
  JobStateEnum last_event = v1::JobState::UNSPECIFIED;
};
using JobTable = std::map<std::string, JobFacts>;

// The steps of JobTransitions; UNSPECIFIED = not there yet.
bool IsStep(JobStateEnum from, JobStateEnum to) {
  switch (from) {
    case v1::JobState::UNSPECIFIED:
      return to == v1::JobState::WAITING || to == v1::JobState::QUEUED;
    case v1::JobState::WAITING:
      return to == v1::JobState::QUEUED || to == v1::JobState::FAILED ||
             to == v1::JobState::CANCELLED || to == v1::JobState::SKIPPED;
    case v1::JobState::QUEUED:
      return to == v1::JobState::RUNNING || to == v1::JobState::SUCCEEDED ||
             to == v1::JobState::FAILED || to == v1::JobState::CANCELLED;
    case v1::JobState::RUNNING:
      return to == v1::JobState::QUEUED || to == v1::JobState::SUCCEEDED ||
             to == v1::JobState::FAILED || to == v1::JobState::CANCELLED;
    default:
      return false;
  }
}

class Verifier {
 public:
  Verifier(Connection& connection, std::string data_dir, StoreReport& report)
      : connection_(connection),
        data_dir_(std::move(data_dir)),
        report_(report) {}

  absl::Status Run() {
    MODBOUND_RETURN_IF_ERROR(ReadJobs());
    MODBOUND_RETURN_IF_ERROR(CheckEvents());
    MODBOUND_RETURN_IF_ERROR(CheckNeeds());
    MODBOUND_RETURN_IF_ERROR(CheckUses());
    MODBOUND_RETURN_IF_ERROR(CheckArtifacts());
    MODBOUND_RETURN_IF_ERROR(CheckTotals());
    return FindLeftovers();
  }

 private:
  template <typename... Parts>
  void Problem(const Parts&... parts) {
    report_.problems.push_back(absl::StrCat(parts...));
  }

  absl::Status ReadJobs() {
    MODBOUND_ASSIGN_OR_RETURN(
        Statement rows,
        connection_.Prepare(
            absl::StrCat("SELECT ",
                         kJobColumns,
                         ", id, token, end_us, result IS NOT NULL FROM job")));
    while (true) {
      MODBOUND_ASSIGN_OR_RETURN(const bool row, rows.Step());
      if (!row) {
        return absl::OkStatus();
      }
      ++report_.jobs;
      const std::string id = rows.Text(7);
      const auto state = static_cast<JobStateEnum>(rows.Int(2));
      jobs_[id].state = state;
      if (const auto stored = LoadRow(rows); !stored.ok()) {
        Problem("job ", id, ": ", std::string(stored.status().message()));
      } else if (stored->job.id() != id) {
        Problem("job ", id, " holds the row of job ", stored->job.id());
      }
      if ((rows.Int(9) != 0) != HasEnded(state) ||
          (rows.Int(10) != 0) != HasEnded(state)) {
        Problem("job ",
                id,
                ", ",
                StateWord(state),
                ", has an end without a result, or a result without an end");
      }
      if (rows.Text(8).empty() == (state == v1::JobState::RUNNING)) {
        Problem("job ",
                id,
                ", ",
                StateWord(state),
                ": only a running job has a token");
      }
    }
  }

  absl::Status CheckEvents() {
    MODBOUND_ASSIGN_OR_RETURN(
        Statement events,
        connection_.Prepare("SELECT job, sequence, state, attempt FROM event "
                            "ORDER BY job, sequence"));
    std::string job;
    int64_t sequence = 0;
    int64_t starts = 0;
    auto state = v1::JobState::UNSPECIFIED;
    while (true) {
      MODBOUND_ASSIGN_OR_RETURN(const bool row, events.Step());
      if (!row) {
        break;
      }
      if (events.Text(0) != job) {
        job = events.Text(0);
        sequence = starts = 0;
        state = v1::JobState::UNSPECIFIED;
      }
      const auto next = static_cast<JobStateEnum>(events.Int(2));
      if (events.Int(1) != ++sequence) {
        Problem("job ", job, " has no event ", sequence);
        sequence = events.Int(1);
      }
      if (!IsStep(state, next)) {
        Problem("job ",
                job,
                " went from ",
                StateWord(state),
                " to ",
                StateWord(next));
      }
      starts += next == v1::JobState::RUNNING ? 1 : 0;
      if (events.Int(3) != starts) {
        Problem("event ",
                sequence,
                " of job ",
                job,
                " says attempt ",
                events.Int(3),
                " after ",
                starts,
                " starts");
      }
      state = next;
      if (const auto found = jobs_.find(job); found != jobs_.end()) {
        found->second.last_event = state;
      } else {
        Problem("event ", sequence, " is of job ", job, ", which is not there");
      }
    }
    for (const auto& [id, facts] : jobs_) {
      if (facts.last_event != facts.state) {
        Problem("job ",
                id,
                " is ",
                StateWord(facts.state),
                ", but its last event says ",
                StateWord(facts.last_event));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckNeeds() {
    MODBOUND_ASSIGN_OR_RETURN(
        Statement edges,
        connection_.Prepare("SELECT job, needs FROM dependency"));
    struct Count {
      int unended = 0;
      int failed = 0;
    };
    std::map<std::string, Count> counts;
    while (true) {
      MODBOUND_ASSIGN_OR_RETURN(const bool row, edges.Step());
      if (!row) {
        break;
      }
      const auto need = jobs_.find(edges.Text(1));
      const JobStateEnum state =
          need == jobs_.end() ? v1::JobState::FAILED : need->second.state;
      counts[edges.Text(0)].unended += HasEnded(state) ? 0 : 1;
      counts[edges.Text(0)].failed +=
          HasEnded(state) && state != v1::JobState::SUCCEEDED ? 1 : 0;
    }
    for (const auto& [id, facts] : jobs_) {
      const Count count = counts[id];
      const bool waits = facts.state == v1::JobState::WAITING;
      const bool went_on = facts.state == v1::JobState::QUEUED ||
                           facts.state == v1::JobState::RUNNING ||
                           facts.state == v1::JobState::SUCCEEDED;
      if ((waits && (count.unended == 0 || count.failed > 0)) ||
          (went_on && count.unended + count.failed > 0)) {
        Problem("job ",
                id,
                " is ",
                StateWord(facts.state),
                ", but of those it "
                "needs ",
                count.unended,
                " have not ended and ",
                count.failed,
                " have failed");
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckUses() {
    MODBOUND_ASSIGN_OR_RETURN(
        Statement uses,
        connection_.Prepare(
            "SELECT u.digest, u.job FROM artifact_use u LEFT JOIN artifact a "
            "ON a.digest = u.digest WHERE a.digest IS NULL"));
    while (true) {
      MODBOUND_ASSIGN_OR_RETURN(const bool row, uses.Step());
      if (!row) {
        return absl::OkStatus();
      }
      Problem(
          "artifact ", uses.Text(0), " of job ", uses.Text(1), " is not there");
    }
  }

  absl::Status CheckArtifacts() {
    MODBOUND_ASSIGN_OR_RETURN(
        Statement rows,
        connection_.Prepare(
            "SELECT digest, size_bytes, bytes IS NULL, bytes FROM artifact"));
    while (true) {
      MODBOUND_ASSIGN_OR_RETURN(const bool row, rows.Step());
      if (!row) {
        return absl::OkStatus();
      }
      const std::string digest = rows.Text(0);
      ++report_.artifacts;
      report_.artifact_bytes += rows.Int(1);
      if (!IsDigest(digest)) {
        Problem("an artifact is named \"", digest, "\"");
      } else if (rows.Int(2) != 0) {
        CheckFile(digest, rows.Int(1));
      } else if (Sha256Hex(rows.Text(3)) != digest) {
        Problem("artifact ", digest, " is damaged");
      }
    }
  }

  void CheckFile(const std::string& digest, int64_t size_bytes) {
    const std::string path = ArtifactPath(data_dir_, digest);
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (error) {
      Problem("the file of artifact ", digest, " is missing");
    } else if (static_cast<int64_t>(size) != size_bytes) {
      Problem("the file of artifact ",
              digest,
              " has ",
              size,
              " bytes instead of ",
              size_bytes);
    } else if (const auto found = Sha256HexOfFile(path); !found.ok()) {
      Problem("the file of artifact ", digest, " cannot be read");
    } else if (*found != digest) {
      Problem("the file of artifact ", digest, " is damaged");
    }
  }

  // The sums that limits are held against.
  absl::Status CheckTotals() {
    MODBOUND_ASSIGN_OR_RETURN(
        Statement rows,
        connection_.Prepare(
            "SELECT 'all artifacts', bytes, (SELECT COALESCE(SUM(size_bytes), "
            "0) FROM artifact) AS found FROM artifact_total WHERE bytes != "
            "found UNION ALL SELECT 'artifacts of ' || COALESCE(o.owner, "
            "f.owner), COALESCE(o.bytes, 0), COALESCE(f.bytes, 0) FROM "
            "owner_total o FULL JOIN (SELECT owner, SUM(size_bytes) AS bytes "
            "FROM (SELECT digest, owner FROM artifact_use UNION SELECT digest,"
            " owner FROM artifact_upload) JOIN artifact USING(digest) GROUP BY "
            "owner) f ON o.owner = f.owner WHERE COALESCE(o.bytes, 0) != "
            "COALESCE(f.bytes, 0) UNION ALL SELECT 'reservations of "
            "all jobs', reserved, (SELECT COALESCE(SUM(reserved_bytes), 0) "
            "FROM "
            "job WHERE state < 4) AS found FROM artifact_total WHERE reserved "
            "!= found UNION ALL SELECT 'reservations of ' || "
            "COALESCE(o.owner, f.owner), COALESCE(o.reserved, 0), "
            "COALESCE(f.bytes, 0) FROM owner_total o FULL JOIN (SELECT owner, "
            "SUM(reserved_bytes) AS bytes FROM job WHERE state < 4 GROUP BY "
            "owner) f ON o.owner = f.owner WHERE COALESCE(o.reserved, 0) != "
            "COALESCE(f.bytes, 0)"));
    while (true) {
      MODBOUND_ASSIGN_OR_RETURN(const bool row, rows.Step());
      if (!row) {
        return absl::OkStatus();
      }
      Problem(rows.Text(0),
              " have ",
              rows.Int(2),
              " bytes, but their sum is kept as ",
              rows.Int(1));
    }
  }

  absl::Status FindLeftovers() {
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator
             it(data_dir_ + "/artifacts", error),
         end;
         !error && it != end;
         it.increment(error)) {
      const std::string name = it->path().filename();
      if (!it->is_regular_file(error) || !IsDigest(name)) {
        continue;
      }
      MODBOUND_ASSIGN_OR_RETURN(
          Statement statement,
          connection_.Prepare("SELECT 1 FROM artifact WHERE digest = ?1"));
      MODBOUND_ASSIGN_OR_RETURN(const bool found,
                                statement.Bind(1, name).Step());
      if (!found) {
        report_.leftovers.push_back(name);
      }
    }
    return absl::OkStatus();
  }

  Connection& connection_;
  const std::string data_dir_;
  StoreReport& report_;
  JobTable jobs_;
};

// SQLite's own look at its file.
absl::Status CheckIntegrity(Connection& connection, StoreReport& report) {
  MODBOUND_ASSIGN_OR_RETURN(Statement statement,
                            connection.Prepare("PRAGMA integrity_check(20)"));
  while (true) {
    MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) {
      return absl::OkStatus();
    }
    if (const std::string text = statement.Text(0); text != "ok") {
      report.problems.push_back("the database file: " + text);
    }
  }
}

absl::Status CheckVersion(Connection& connection) {
  MODBOUND_ASSIGN_OR_RETURN(const int64_t version, SchemaVersion(connection));
  return version == kSchemaVersion
             ? absl::OkStatus()
             : MakeError(absl::StatusCode::kFailedPrecondition,
                         "WRONG_STATE",
                         "data_dir",
                         absl::StrCat("the store has schema ",
                                      version,
                                      ", this program verifies ",
                                      kSchemaVersion,
                                      "; a start of the server brings an older "
                                      "one up to date"));
}

}  // namespace

absl::StatusOr<StoreReport> VerifyStore(Connection& connection,
                                        const std::string& data_dir) {
  StoreReport report;
  MODBOUND_RETURN_IF_ERROR(Verifier(connection, data_dir, report).Run());
  return report;
}

absl::StatusOr<StoreReport> VerifyDataDir(const std::string& data_dir) {
  MODBOUND_RETURN_IF_ERROR(CheckStore(data_dir));
  const std::string path = data_dir + "/modbound.sqlite3";
  MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor lock, LockDataDir(data_dir));
  MODBOUND_ASSIGN_OR_RETURN(
      const std::unique_ptr<SqliteHandle> handle,
      SqliteHandle::Open(path, SqliteHandle::Mode::kReadWrite));
  Connection connection(*handle);
  StoreReport damaged;
  const absl::Status sound = CheckIntegrity(connection, damaged);
  if (!sound.ok()) {
    damaged.problems.push_back("the database file: " +
                               std::string(sound.message()));
  }
  if (!damaged.problems.empty()) {
    return damaged;
  }
  MODBOUND_RETURN_IF_ERROR(CheckVersion(connection));
  MODBOUND_ASSIGN_OR_RETURN(StoreReport report,
                            VerifyStore(connection, data_dir));
  const absl::Status marked = CommitMark::Check(*handle, data_dir);
  if (!marked.ok()) {
    report.problems.emplace_back(marked.message());
  }
  return report;
}

}  // namespace modbound
