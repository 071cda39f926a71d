// Row 8: a store whose database or log was damaged on the disk. It is opened as
// a server opens it at its start, in a child process: a crash is seen from
// outside. Whatever the damage: told, or without effect, or named by --verify.

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/auth/token.h"
#include "server/files/file_io.h"
#include "server/jobs/queue_fixture.h"
#include "server/jobs/verify_store.h"
#include "tests/support/fault_row.h"

namespace modbound {
namespace {

constexpr unsigned kDamageSeed = 8;
constexpr unsigned kChildSeconds = 120;
constexpr int kPageBytes = 4096;
constexpr char kDatabase[] = "modbound.sqlite3";
constexpr char kWriteAheadLog[] = "modbound.sqlite3-wal";

enum class Outcome : char {
  kNotRun,
  kRefused,    // the server does not start and says why
  kUnchanged,  // all that was there is there
  kTold,       // reading some of it is an error
  kNamed,      // something is other than it was; --verify says so
  kUnsaid,     // none of these
  kEmptied,    // an empty store that takes jobs
  kOutcomes,
};
constexpr const char* kOutcomeWords[] = {"not run",
                                         "refused",
                                         "without effect",
                                         "told at a read",
                                         "named by --verify",
                                         "unsaid",
                                         "emptied"};

// What a store holds, as its readers see it.
struct Contents {
  std::map<std::string, std::string> jobs;  // by id; those that had ended whole
  std::map<std::string, std::string> artifacts;  // by digest
  std::vector<std::string> tokens;
};

// Shared by parent and child.
struct Report {
  int next;  // the mutation that the child is at
  Outcome outcomes[20000];
  char last_words[200];
};

std::string WithoutProgress(v1::Job job) {
  job.clear_progress();
  return job.DebugString();
}

class DamagedStoreTest : public QueueFixture {
 protected:
  DamagedStoreTest() {
    Fill();
    Close();
    // All of it is in the database now; what follows is in the log.
    Open(dir_.path());
    Fill();
    CopyStore(dir_.path(), Pristine());
    Close();
  }

  static void CopyStore(const std::string& from, const std::string& to) {
    std::filesystem::remove_all(to);
    std::filesystem::create_directory(to);
    std::filesystem::permissions(to, std::filesystem::perms::owner_all);
    for (const auto& entry : std::filesystem::directory_iterator(from)) {
      const std::string name = entry.path().filename();
      if (name != "reserve" && name != "lock" && name != "copies" &&
          !absl::EndsWith(name, "-shm")) {
        std::filesystem::copy(entry.path(),
                              to + "/" + name,
                              std::filesystem::copy_options::recursive);
      }
    }
  }

  // Jobs that have ended and one that has not, artifacts, a token.
  void Fill() {
    for (int i = 0; i < 6; ++i) {
      const std::string id = Enqueue(QualityJob());
      executor_->Succeed(id, {i * 0.5, 1.0});
      contents_.jobs[id] = WithoutProgress(Await(id));
    }
    const std::string cancelled = Enqueue(QualityJob());
    executor_->Await(cancelled);
    ASSERT_TRUE(Cancel(cancelled).ok());
    executor_->ReturnWhenStopped(cancelled);
    contents_.jobs[cancelled] = WithoutProgress(Await(cancelled));
    for (const int size : {3000, 100000}) {
      const std::string bytes(static_cast<std::size_t>(size),
                              static_cast<char>('a' + contents_.jobs.size()));
      const auto artifact = artifacts_->StageBytes(bytes);
      ASSERT_TRUE(artifact.ok());
      contents_.artifacts[artifact->digest] = bytes;
      ASSERT_TRUE(database_
                      ->WriteAndWait([&](Connection& connection) {
                        return CommitForOwner(connection, *artifact);
                      })
                      .ok());
    }
    ASSERT_TRUE(database_
                    ->WriteAndWait([&](Connection& connection) {
                      return CreateToken(connection, "ada", "", 1, 0).status();
                    })
                    .ok());
    ASSERT_TRUE(database_
                    ->Read([&](Connection& connection) {
                      return Tokens(connection, contents_.tokens);
                    })
                    .ok());
  }

  static absl::Status Tokens(Connection& connection,
                             std::vector<std::string>& out) {
    MODBOUND_ASSIGN_OR_RETURN(const auto rows, ListTokens(connection));
    out.clear();
    for (const TokenRow& row : rows) {
      out.push_back(absl::StrCat(row.id, row.owner, row.revoked_us));
    }
    return absl::OkStatus();
  }

  std::string Pristine() const { return dir_ / "copies"; }

  Contents contents_;
};

// One damage to one file, by its number.
void Damage(const std::string& dir, unsigned number, std::string& what) {
  std::mt19937 random(kDamageSeed * 1000003 + number);
  const auto below = [&](std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(
        0, std::max<std::size_t>(count, 1) - 1)(random);
  };
  const std::string name = below(2) == 0 ? kDatabase : kWriteAheadLog;
  std::string bytes = *ReadFile(dir + "/" + name);
  const std::size_t pages = bytes.size() / kPageBytes;
  const std::size_t page = below(pages) * kPageBytes;
  switch (below(6)) {
    case 0:
      what = "flipped bits";
      for (std::size_t flips = 1 + below(4); flips > 0; --flips) {
        char& byte = bytes[below(bytes.size())];
        byte = static_cast<char>(byte ^ (1 << below(8)));
      }
      break;
    case 1:
      what = "a page of zeros";
      bytes.replace(page, kPageBytes, kPageBytes, '\0');
      break;
    case 2: {
      what = "two pages swapped";
      const std::size_t other = below(pages) * kPageBytes;
      std::swap_ranges(
          bytes.begin() + static_cast<std::ptrdiff_t>(page),
          bytes.begin() + static_cast<std::ptrdiff_t>(page + kPageBytes),
          bytes.begin() + static_cast<std::ptrdiff_t>(other));
      break;
    }
    case 3:
      what = "cut";
      bytes.resize(below(bytes.size()));
      break;
    case 4: {
      what = "garbage";
      const std::size_t from = below(bytes.size());
      const std::size_t size = std::min(1 + below(8192), bytes.size() - from);
      for (std::size_t at = from; at < from + size; ++at) {
        bytes[at] = static_cast<char>(below(256));
      }
      break;
    }
    default:
      what = "headers";
      bytes[below(std::min<std::size_t>(bytes.size(), 100))] =
          static_cast<char>(below(256));
      break;
  }
  absl::StrAppend(&what, " of ", name);
  std::ofstream(dir + "/" + name, std::ios::binary | std::ios::trunc) << bytes;
}

// A server's store over a folder.
class Boot {
 public:
  absl::Status Open(const std::string& dir) {
    MODBOUND_ASSIGN_OR_RETURN(database_, Database::Open(dir));
    MODBOUND_ASSIGN_OR_RETURN(artifacts_, ArtifactStore::Open(*database_));
    executor_ = MakeThreadExecutor();
    MODBOUND_ASSIGN_OR_RETURN(
        queue_, JobQueue::Open(*database_, *artifacts_, *executor_, {}));
    return absl::OkStatus();
  }
  // Takes it down in the order of the members, last first.
  ~Boot() {
    queue_.reset();
    executor_.reset();
  }

  // True: equal to `expected`. Errors: those of a read.
  absl::StatusOr<bool> Compare(const Contents& expected) {
    bool equal = true;
    v1::ListJobsRequest request;
    do {
      MODBOUND_ASSIGN_OR_RETURN(const v1::ListJobsResponse page,
                                queue_->ListJobs(kOwner, request));
      listed_ += page.jobs_size();
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    equal = listed_ == static_cast<int>(expected.jobs.size());
    for (const auto& [id, bytes] : expected.jobs) {
      const auto job = queue_->GetJob(kOwner, id);
      if (absl::IsNotFound(job.status())) {
        equal = false;
        continue;
      }
      MODBOUND_RETURN_IF_ERROR(job.status());
      equal = equal && WithoutProgress(*job) == bytes;
    }
    for (const auto& [digest, bytes] : expected.artifacts) {
      const auto read = artifacts_->ReadBytes(digest);
      if (absl::IsNotFound(read.status())) {
        equal = false;
        continue;
      }
      MODBOUND_RETURN_IF_ERROR(read.status());
      if (*read != bytes) {
        std::abort();  // the digest was checked
      }
    }
    std::vector<std::string> tokens;
    MODBOUND_RETURN_IF_ERROR(
        database_->Read([&](Connection& connection) -> absl::Status {
          MODBOUND_ASSIGN_OR_RETURN(const auto rows, ListTokens(connection));
          for (const TokenRow& row : rows) {
            tokens.push_back(absl::StrCat(row.id, row.owner, row.revoked_us));
          }
          return absl::OkStatus();
        }));
    return equal && tokens == expected.tokens;
  }

  bool TakesJobs() {
    v1::SubmitJobRequest request;
    *request.mutable_job() = QualityJob();
    Answer<absl::StatusOr<v1::Job>> answer;
    queue_->SubmitJob(kOwner, std::move(request), answer.Callback());
    return answer.Get().ok();
  }
  int listed() const { return listed_; }

 private:
  std::unique_ptr<Database> database_;
  std::unique_ptr<ArtifactStore> artifacts_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<JobQueue> queue_;
  int listed_ = 0;
};

Outcome OutcomeOf(const std::string& dir,
                  const Contents& expected,
                  std::string& words) {
  bool equal = false;
  bool told = false;
  {
    Boot boot;
    const absl::Status opened = boot.Open(dir);
    if (!opened.ok()) {
      words = std::string(opened.message());
      // What to do about it.
      return absl::StrContains(words, "restore") ? Outcome::kRefused
                                                 : Outcome::kUnsaid;
    }
    const absl::StatusOr<bool> compared = boot.Compare(expected);
    told = !compared.ok() && !compared.status().message().empty();
    equal = compared.ok() && *compared;
    words = std::string(compared.status().message());
    const bool takes = boot.TakesJobs();
    if (!told && boot.listed() == 0 && takes) {
      return Outcome::kEmptied;
    }
  }
  const auto verified = VerifyDataDir(dir);
  if (told) {
    return Outcome::kTold;
  }
  if (equal) {
    return Outcome::kUnchanged;
  }
  if (!verified.ok() || !verified->problems.empty()) {
    return Outcome::kNamed;
  }
  return Outcome::kUnsaid;
}

// Goes on with the mutations from report.next; ends with the process.
[[noreturn]] void RunChild(const std::string& pristine,
                           const std::string& dir,
                           const Contents& expected,
                           int count,
                           Report& report) {
  spdlog::set_level(spdlog::level::off);
  for (; report.next < count; ++report.next) {
    ::alarm(kChildSeconds);
    std::filesystem::remove_all(dir);
    std::filesystem::copy(
        pristine, dir, std::filesystem::copy_options::recursive);
    std::string what;
    std::string words;
    // The first one shows that what is whole is found so.
    if (report.next > 0) {
      Damage(dir, static_cast<unsigned>(report.next), what);
    }
    const Outcome outcome = OutcomeOf(dir, expected, words);
    report.outcomes[report.next] = outcome;
    if (outcome == Outcome::kUnsaid || outcome == Outcome::kEmptied) {
      std::fprintf(stderr,
                   "mutation %d: %s: %s: %s\n",
                   report.next,
                   what.c_str(),
                   kOutcomeWords[static_cast<int>(outcome)],
                   words.c_str());
    }
  }
  ::_exit(0);
}

TEST_F(DamagedStoreTest, IsNeverACrashAndNeverSilentlyEmpty) {
  const int count = LongFaults() ? 10000 : 300;
  void* memory = ::mmap(nullptr,
                        sizeof(Report),
                        PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS,
                        -1,
                        0);
  ASSERT_NE(memory, MAP_FAILED);
  Report& report = *new (memory) Report{};
  int crashes = 0;
  while (report.next < count) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      RunChild(Pristine(), dir_ / "damaged", contents_, count, report);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      ADD_FAILURE() << "mutation " << report.next << ", seed " << kDamageSeed
                    << ": the process ended with " << status
                    << (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM
                            ? " (it hung)"
                            : "");
      ASSERT_LT(++crashes, 20);
      ++report.next;
    }
  }
  std::map<Outcome, int> counts;
  for (int i = 0; i < count; ++i) {
    ++counts[report.outcomes[i]];
  }
  std::string figure = absl::StrCat(count, " mutations of database and log: ");
  for (const auto& [outcome, times] : counts) {
    absl::StrAppend(
        &figure, times, " ", kOutcomeWords[static_cast<int>(outcome)], ", ");
  }
  figure += "0 crashes, 0 hangs, 0 silently empty";
  SCOPED_TRACE(figure);
  // SQLite keeps no sums of the database's pages: a bit of a number in a row
  // may flip without a trace.
  EXPECT_LE(counts[Outcome::kUnsaid], count / 100);
  EXPECT_EQ(counts[Outcome::kEmptied], 0);
  EXPECT_GT(counts[Outcome::kRefused], 0);
  EXPECT_EQ(report.outcomes[0], Outcome::kUnchanged);
  ::munmap(memory, sizeof(Report));
  if (!HasFailure()) {
    FaultRow(8, figure);
  }
}

}  // namespace
}  // namespace modbound
