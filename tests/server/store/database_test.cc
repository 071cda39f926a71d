#include "server/store/database.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

// The table "request" serves as a plain list of (owner, request_id) here.
absl::Status Insert(Connection& connection,
                    const std::string& owner,
                    const std::string& id) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("INSERT INTO request(owner, request_id, body_sha256, "
                         "jobs) VALUES(?1, ?2, '', '')"));
  return statement.Bind(1, owner).Bind(2, id).Run();
}

Database::Change Insertion(std::string owner, std::string id) {
  return [owner = std::move(owner), id = std::move(id)](
             Connection& connection) { return Insert(connection, owner, id); };
}

// Ids of an owner in the order they were written.
std::vector<std::string> Ids(Database& database, const std::string& owner) {
  std::vector<std::string> ids;
  const absl::Status status =
      database.Read([&](Connection& connection) -> absl::Status {
        // The rows carry no number: sort by what the test made sortable.
        MODBOUND_ASSIGN_OR_RETURN(
            Statement statement,
            connection.Prepare("SELECT request_id FROM request WHERE owner = "
                               "?1 ORDER BY request_id"));
        statement.Bind(1, owner);
        while (true) {
          MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Step());
          if (!row) {
            return absl::OkStatus();
          }
          ids.push_back(statement.Text(0));
        }
      });
  EXPECT_TRUE(status.ok()) << status;
  return ids;
}

std::unique_ptr<Database> MustOpen(const std::string& path) {
  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(path);
  EXPECT_TRUE(database.ok()) << database.status();
  return database.ok() ? std::move(*database) : nullptr;
}

// Holds the writer thread inside a change until released, so that what is
// written meanwhile becomes one batch.
class HeldWriter {
 public:
  explicit HeldWriter(Database& database) {
    database.Write(
        [this](Connection&) {
          entered_.set_value();
          released_.get_future().wait();
          return absl::OkStatus();
        },
        [](const absl::Status&) {});
    entered_.get_future().wait();
  }
  void Release() { released_.set_value(); }

 private:
  std::promise<void> entered_;
  std::promise<void> released_;
};

// Statuses in the order in which they came.
class Answers {
 public:
  Database::Done Expect(int number) {
    return [this, number](const absl::Status& status) {
      const std::lock_guard<std::mutex> lock(mutex_);
      answers_.emplace_back(number, status);
      changed_.notify_all();
    };
  }
  std::vector<std::pair<int, absl::Status>> WaitFor(std::size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return answers_.size() >= count; });
    return answers_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<int, absl::Status>> answers_;
};

TEST(Database, MakesItsDirectoryForItsOwnerAlone) {
  const TemporaryFolder folder;
  const std::string path = folder / "deep/data";
  const auto database = MustOpen(path);
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
}

TEST(Database, ClosesAnEmptyDirectoryToOthersAndRefusesAForeignOne) {
  const TemporaryFolder folder;
  const std::string path = folder / "data";
  std::filesystem::create_directory(path);
  ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
  MustOpen(path).reset();
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);

  const std::string foreign = folder / "home";
  std::filesystem::create_directory(foreign);
  ASSERT_EQ(::chmod(foreign.c_str(), 0755), 0);
  std::ofstream(foreign + "/thesis.tex") << "x";
  const absl::Status status = Database::Open(foreign).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(FieldOf(status), "data_dir");
  ASSERT_EQ(::stat(foreign.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0755U);
}

TEST(Database, RefusesASecondServerOnOneDirectory) {
  const TemporaryFolder folder;
  auto first = MustOpen(folder.path());
  const absl::Status second = Database::Open(folder.path()).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(second)) << second;
  EXPECT_EQ(FieldOf(second), "data_dir");
  EXPECT_NE(std::string(second.message())
                .find(absl::StrCat("another modboundd (process ", ::getpid())),
            std::string::npos)
      << second;
  first.reset();
  EXPECT_NE(MustOpen(folder.path()), nullptr);
}

TEST(Database, RefusesANewerSchemaAndLeavesItAlone) {
  const TemporaryFolder folder;
  ASSERT_TRUE(MustOpen(folder.path())
                  ->WriteAndWait([](Connection& connection) {
                    return connection.Execute("PRAGMA user_version = 1000");
                  })
                  .ok());
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = Database::Open(folder.path()).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_NE(std::string(status.message()).find("newer"), std::string::npos);
  }
}

TEST(Database, RefusesToStartEmptyBesideArtifacts) {
  const TemporaryFolder folder;
  MustOpen(folder.path()).reset();
  std::filesystem::create_directory(folder / "artifacts");
  MustOpen(folder.path()).reset();
  std::filesystem::remove(folder / "modbound.sqlite3");
  EXPECT_TRUE(absl::IsDataLoss(Database::Open(folder.path()).status()));
}

TEST(Database, RefusesAFileThatIsNoDatabase) {
  const TemporaryFolder folder;
  MustOpen(folder.path()).reset();
  std::ofstream(folder / "modbound.sqlite3") << std::string(8192, 'x');
  EXPECT_TRUE(absl::IsDataLoss(Database::Open(folder.path()).status()));
}

TEST(Database, KeepsWhatWasWrittenOverAReopen) {
  const TemporaryFolder folder;
  for (int i = 0; i < 3; ++i) {
    const auto database = MustOpen(folder.path());
    EXPECT_EQ(Ids(*database, "o").size(), static_cast<std::size_t>(i));
    EXPECT_TRUE(
        database->WriteAndWait(Insertion("o", absl::StrCat("id", i))).ok());
  }
}

// A copy of the files, taken while the server runs, is what a crash leaves.
TEST(Database, HasEveryAcknowledgedWriteAfterACrash) {
  const TemporaryFolder folder;
  const auto database = MustOpen(folder / "live");
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(
        database->WriteAndWait(Insertion("o", std::to_string(100 + i))).ok());
    const std::string crashed = folder / (absl::StrCat("crashed", i));
    std::filesystem::create_directory(crashed);
    ASSERT_EQ(::chmod(crashed.c_str(), 0700), 0);
    for (const char* name : {"/modbound.sqlite3", "/modbound.sqlite3-wal"}) {
      std::filesystem::copy_file(folder / "live" + name, crashed + name);
    }
    const auto survivor = MustOpen(crashed);
    EXPECT_EQ(Ids(*survivor, "o").size(), static_cast<std::size_t>(i) + 1);
  }
}

// The last commits of a log may be torn; what was before them survives.
TEST(Database, OpensWithATornLog) {
  const TemporaryFolder folder;
  const auto database = MustOpen(folder / "live");
  std::vector<std::uintmax_t> sizes;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(database->WriteAndWait(Insertion("o", std::to_string(i))).ok());
    sizes.push_back(
        std::filesystem::file_size(folder / "live/modbound.sqlite3-wal"));
  }
  ASSERT_GT(sizes[4], sizes[3]);
  for (const auto cut :
       {sizes[3] + 1, sizes[4] - 1, (sizes[3] + sizes[4]) / 2, sizes[3]}) {
    const std::string crashed = folder / (absl::StrCat("cut", cut));
    std::filesystem::create_directory(crashed);
    ASSERT_EQ(::chmod(crashed.c_str(), 0700), 0);
    for (const char* name : {"/modbound.sqlite3", "/modbound.sqlite3-wal"}) {
      std::filesystem::copy_file(folder / "live" + name, crashed + name);
    }
    std::filesystem::resize_file(crashed + "/modbound.sqlite3-wal", cut);
    EXPECT_EQ(Ids(*MustOpen(crashed), "o").size(), 4U) << cut;
  }
}

TEST(Database, UndoesAFailedChangeAloneWhileItsBatchCommits) {
  const TemporaryFolder folder;
  const auto database = MustOpen(folder.path());
  Answers answers;
  HeldWriter held(*database);
  database->Write(Insertion("o", "a"), answers.Expect(0));
  database->Write(
      [](Connection& connection) -> absl::Status {
        MODBOUND_RETURN_IF_ERROR(Insert(connection, "o", "half"));
        return Refuse(reason::kOutOfRange, "x", "on purpose");
      },
      answers.Expect(1));
  database->Write(
      [](Connection& connection) -> absl::Status {
        MODBOUND_RETURN_IF_ERROR(Insert(connection, "o", "thrown"));
        throw std::bad_alloc();
      },
      answers.Expect(2));
  // A violated constraint is an error of its own change too.
  database->Write(Insertion("o", "a"), answers.Expect(3));
  database->Write(Insertion("o", "b"), answers.Expect(4));
  held.Release();
  const auto got = answers.WaitFor(5);
  EXPECT_TRUE(got[0].second.ok());
  EXPECT_EQ(ReasonOf(got[1].second), reason::kOutOfRange);
  EXPECT_EQ(ReasonOf(got[2].second), reason::kMemoryLimit);
  EXPECT_TRUE(absl::IsInternal(got[3].second));
  EXPECT_TRUE(got[4].second.ok());
  EXPECT_EQ(Ids(*database, "o"), (std::vector<std::string>{"a", "b"}));
}

// In one transaction every change runs before the first answer; and 200 rows
// that share a few pages cost the log those pages once, not 200 times.
TEST(Database, CommitsWhatIsQueuedInOneTransaction) {
  constexpr int kWrites = 200;
  const TemporaryFolder folder;
  const auto database = MustOpen(folder.path());
  const std::string log = folder / "modbound.sqlite3-wal";
  Answers answers;
  HeldWriter held(*database);
  const auto before = std::filesystem::file_size(log);
  std::atomic<int> changes{0};
  std::atomic<int> changes_at_first_answer{-1};
  for (int i = 0; i < kWrites; ++i) {
    database->Write(
        [&changes, i](Connection& connection) {
          ++changes;
          return Insert(connection, "o", std::to_string(1000 + i));
        },
        [&, expect = answers.Expect(i)](const absl::Status& status) {
          int unset = -1;
          changes_at_first_answer.compare_exchange_strong(unset,
                                                          changes.load());
          expect(status);
        });
  }
  held.Release();
  for (const auto& [number, status] : answers.WaitFor(kWrites)) {
    EXPECT_TRUE(status.ok()) << number << ": " << status;
  }
  EXPECT_EQ(changes_at_first_answer.load(), kWrites);
  const auto frames = (std::filesystem::file_size(log) - before) / 4096;
  EXPECT_LT(frames, kWrites / 4);
}

TEST(Database, AnswersInTheOrderOfTheWrites) {
  const TemporaryFolder folder;
  const auto database = MustOpen(folder.path());
  Answers answers;
  for (int i = 0; i < 300; ++i) {
    database->Write(Insertion("o", std::to_string(1000 + i)),
                    answers.Expect(i));
  }
  const auto got = answers.WaitFor(300);
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(got[static_cast<std::size_t>(i)].first, i);
  }
}

// Names of changes in the order in which they ran; writer thread only.
class Runs {
 public:
  Database::Change Note(const std::string& name) {
    return [this, name](Connection&) {
      names_.push_back(name);
      return absl::OkStatus();
    };
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
};

TEST(Database, LetsLightChangesWaitForOneHeavyOneAtMost) {
  const TemporaryFolder folder;
  const auto database = MustOpen(folder.path());
  Runs runs;
  Answers answers;
  HeldWriter held(*database);
  // While the first heavy change runs, another light one comes: the next heavy
  // one must not go before it.
  database->Write(
      [&, first = runs.Note("heavy1")](Connection& connection) {
        database->Write(runs.Note("light3"), answers.Expect(3));
        return first(connection);
      },
      answers.Expect(1),
      Database::Weight::kHeavy);
  database->Write(
      runs.Note("heavy2"), answers.Expect(2), Database::Weight::kHeavy);
  database->Write(
      runs.Note("heavy3"), answers.Expect(2), Database::Weight::kHeavy);
  database->Write(runs.Note("light1"), answers.Expect(3));
  database->Write(runs.Note("light2"), answers.Expect(3));
  held.Release();
  answers.WaitFor(6);
  EXPECT_EQ(runs.names(),
            (std::vector<std::string>{
                "heavy1", "light1", "light2", "light3", "heavy2", "heavy3"}));
}

TEST(Database, AnswersTheLightChangesBeforeTheNextHeavyOneBegins) {
  const TemporaryFolder folder;
  const auto database = MustOpen(folder.path());
  Answers answers;
  std::vector<std::string> order;  // writer thread only
  const auto note = [&](const std::string& name) {
    return [&order, name](Connection&) {
      order.push_back(name);
      return absl::OkStatus();
    };
  };
  HeldWriter held(*database);
  for (const std::string name : {"heavy1", "heavy2"}) {
    database->Write(note(name), answers.Expect(0), Database::Weight::kHeavy);
  }
  database->Write(note("light"), [&, expect = answers.Expect(0)](auto status) {
    order.emplace_back("answer");
    expect(status);
  });
  held.Release();
  answers.WaitFor(3);
  EXPECT_EQ(order,
            (std::vector<std::string>{"heavy1", "light", "answer", "heavy2"}));
}

TEST(Database, LetsNoStreamOfLightChangesStarveAHeavyOne) {
  const TemporaryFolder folder;
  const auto database = MustOpen(folder.path());
  Answers answers;
  int light_before = 0;  // writer thread only
  bool ran = false;
  // Each light change is followed by the next.
  std::function<void(absl::Status)> next = [&](const absl::Status&) {
    if (!ran && light_before < 100) {
      database->Write(
          [&](Connection&) {
            light_before += ran ? 0 : 1;
            return absl::OkStatus();
          },
          next);
    }
  };
  HeldWriter held(*database);
  next(absl::OkStatus());
  database->Write(
      [&](Connection&) {
        ran = true;
        return absl::OkStatus();
      },
      answers.Expect(0),
      Database::Weight::kHeavy);
  held.Release();
  answers.WaitFor(1);
  // Nothing of the stream is left.
  EXPECT_TRUE(database->WriteAndWait(Insertion("o", "end")).ok());
  EXPECT_LE(light_before, 1);
}

TEST(Database, KeepsAThousandConcurrentWritesInEachWritersOrder) {
  constexpr int kThreads = 8;
  constexpr int kEach = 125;
  const TemporaryFolder folder;
  auto database = MustOpen(folder.path());
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  // Each write reads the last number of its thread and adds one: any reordering
  // or loss would break the chain.
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const absl::Status status = database->WriteAndWait(
            [t, i](Connection& connection) -> absl::Status {
              const std::string owner = absl::StrCat("t", t);
              MODBOUND_ASSIGN_OR_RETURN(
                  Statement count,
                  connection.Prepare(
                      "SELECT count(*) FROM request WHERE owner = ?1"));
              MODBOUND_RETURN_IF_ERROR(count.Bind(1, owner).Step().status());
              if (count.Int(0) != i) {
                return absl::InternalError("out of order");
              }
              return Insert(connection, owner, std::to_string(1000 + i));
            });
        failures += status.ok() ? 0 : 1;
        // Sees its own write at once.
        failures += Ids(*database, absl::StrCat("t", t)).size() ==
                            static_cast<std::size_t>(i + 1)
                        ? 0
                        : 1;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(failures.load(), 0);
  database.reset();
  database = MustOpen(folder.path());
  for (int t = 0; t < kThreads; ++t) {
    EXPECT_EQ(Ids(*database, absl::StrCat("t", t)).size(),
              static_cast<std::size_t>(kEach));
  }
}

TEST(Database, CommitsWhatIsQueuedWhenItIsDropped) {
  const TemporaryFolder folder;
  auto database = MustOpen(folder.path());
  Answers answers;
  auto held = std::make_unique<HeldWriter>(*database);
  for (int i = 0; i < 50; ++i) {
    database->Write(Insertion("o", std::to_string(100 + i)), answers.Expect(i));
  }
  held->Release();
  database.reset();
  EXPECT_EQ(answers.WaitFor(50).size(), 50U);
  EXPECT_EQ(Ids(*MustOpen(folder.path()), "o").size(), 50U);
}

TEST(Database, ReadsASnapshot) {
  const TemporaryFolder folder;
  const auto database = MustOpen(folder.path());
  ASSERT_TRUE(database->WriteAndWait(Insertion("o", "a")).ok());
  const auto count = [](Connection& connection) -> absl::StatusOr<int64_t> {
    MODBOUND_ASSIGN_OR_RETURN(
        Statement statement,
        connection.Prepare("SELECT count(*) FROM request"));
    MODBOUND_RETURN_IF_ERROR(statement.Step().status());
    return statement.Int(0);
  };
  const absl::Status status =
      database->Read([&](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(const int64_t before, count(connection));
        MODBOUND_RETURN_IF_ERROR(database->WriteAndWait(Insertion("o", "b")));
        MODBOUND_ASSIGN_OR_RETURN(const int64_t after, count(connection));
        EXPECT_EQ(before, 1);
        EXPECT_EQ(after, 1);
        // A read inside a read is a newer snapshot.
        return database->Read([&](Connection& inner) -> absl::Status {
          MODBOUND_ASSIGN_OR_RETURN(const int64_t now, count(inner));
          EXPECT_EQ(now, 2);
          return absl::OkStatus();
        });
      });
  EXPECT_TRUE(status.ok()) << status;
}

TEST(Database, RefusesToWriteInARead) {
  const TemporaryFolder folder;
  const auto database = MustOpen(folder.path());
  EXPECT_FALSE(database
                   ->Read([](Connection& connection) {
                     return Insert(connection, "o", "a");
                   })
                   .ok());
  EXPECT_TRUE(Ids(*database, "o").empty());
}

TEST(Statement, BindsEveryTypeAndComesBackClean) {
  const TemporaryFolder folder;
  const auto database = MustOpen(folder.path());
  const absl::Status status =
      database->Read([](Connection& connection) -> absl::Status {
        const char sql[] = "SELECT ?1, ?2, ?3, ?4, ?5";
        {
          MODBOUND_ASSIGN_OR_RETURN(Statement statement,
                                    connection.Prepare(sql));
          const std::string blob("\0\xff\0", 3);
          statement.Bind(1, int64_t{1} << 62)
              .Bind(2, std::string("text\0tail", 9))
              .BindBlob(3, blob)
              .Bind(4, "");
          MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Step());
          EXPECT_TRUE(row);
          EXPECT_EQ(statement.Int(0), int64_t{1} << 62);
          EXPECT_EQ(statement.Text(1), std::string("text\0tail", 9));
          EXPECT_EQ(statement.Text(2), blob);
          EXPECT_FALSE(statement.IsNull(3));
          EXPECT_TRUE(statement.IsNull(4));
          // The same text again while the first is in use.
          MODBOUND_ASSIGN_OR_RETURN(Statement second, connection.Prepare(sql));
          MODBOUND_RETURN_IF_ERROR(second.Bind(1, 7).Step().status());
          EXPECT_EQ(second.Int(0), 7);
          EXPECT_EQ(statement.Int(0), int64_t{1} << 62);
        }
        // From the cache: the old bindings are gone.
        MODBOUND_ASSIGN_OR_RETURN(Statement again, connection.Prepare(sql));
        MODBOUND_RETURN_IF_ERROR(again.Step().status());
        EXPECT_TRUE(again.IsNull(0));
        return absl::OkStatus();
      });
  EXPECT_TRUE(status.ok()) << status;
}

TEST(Statement, KeepsABindErrorForStep) {
  const TemporaryFolder folder;
  const auto database = MustOpen(folder.path());
  EXPECT_FALSE(database
                   ->Read([](Connection& connection) -> absl::Status {
                     MODBOUND_ASSIGN_OR_RETURN(Statement statement,
                                               connection.Prepare("SELECT ?1"));
                     return statement.Bind(2, 1).Step().status();
                   })
                   .ok());
}

TEST(Connection, RefusesTwoStatementsInOneText) {
  const TemporaryFolder folder;
  const auto database = MustOpen(folder.path());
  EXPECT_FALSE(database
                   ->Read([](Connection& connection) {
                     return connection.Prepare("SELECT 1; SELECT 2").status();
                   })
                   .ok());
}

TEST(Connection, SurvivesMoreTextsThanItKeeps) {
  const TemporaryFolder folder;
  const auto database = MustOpen(folder.path());
  for (int i = 0; i < 1000; ++i) {
    int64_t got = 0;
    ASSERT_TRUE(database
                    ->Read([&](Connection& connection) -> absl::Status {
                      MODBOUND_ASSIGN_OR_RETURN(
                          Statement statement,
                          connection.Prepare(absl::StrCat("SELECT ", i)));
                      MODBOUND_RETURN_IF_ERROR(statement.Step().status());
                      got = statement.Int(0);
                      return absl::OkStatus();
                    })
                    .ok());
    EXPECT_EQ(got, i);
  }
}

TEST(Connection, TellsTheNumberOfTheRowItInserted) {
  const TemporaryFolder folder;
  const auto database = MustOpen(folder.path());
  for (int64_t number = 1; number <= 2; ++number) {
    int64_t told = 0;
    ASSERT_TRUE(
        database
            ->WriteAndWait([&](Connection& connection) -> absl::Status {
              MODBOUND_ASSIGN_OR_RETURN(
                  Statement statement,
                  connection.Prepare(
                      "INSERT INTO job(id, owner, kind, state, priority, "
                      "submit_us, job) VALUES(?1, '', '', 1, 0, 0, x'')"));
              MODBOUND_RETURN_IF_ERROR(
                  statement.Bind(1, absl::StrCat("j", number)).Run());
              // Tables without row numbers do not count.
              MODBOUND_RETURN_IF_ERROR(
                  Insert(connection, "o", absl::StrCat("id", number)));
              told = connection.LastInsertNumber();
              return absl::OkStatus();
            })
            .ok());
    EXPECT_EQ(told, number);
  }
}

TEST(Connection, TellsHowManyRowsAnUpdateChanged) {
  const TemporaryFolder folder;
  const auto database = MustOpen(folder.path());
  ASSERT_TRUE(database->WriteAndWait(Insertion("o", "a")).ok());
  for (const auto& [id, expected] :
       std::vector<std::pair<std::string, int64_t>>{{"a", 1}, {"none", 0}}) {
    int64_t changes = -1;
    ASSERT_TRUE(
        database
            ->WriteAndWait(
                [&, id = id](Connection& connection) -> absl::Status {
                  MODBOUND_ASSIGN_OR_RETURN(
                      Statement statement,
                      connection.Prepare("UPDATE request SET jobs = 'x' WHERE "
                                         "request_id = ?1"));
                  MODBOUND_RETURN_IF_ERROR(statement.Bind(1, id).Run());
                  changes = connection.Changes();
                  return absl::OkStatus();
                })
            .ok());
    EXPECT_EQ(changes, expected);
  }
}

}  // namespace
}  // namespace modbound
