// What becomes of jobs when the machine is short of something.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <future>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "server/files/file_io.h"
#include "server/jobs/job_time.h"
#include "server/jobs/queue_fixture.h"
#include "tests/support/disk_space.h"
#include "tests/support/io_fault.h"

namespace modbound {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr int64_t kPlenty = int64_t{1} << 40;
constexpr char kLog[] = "modbound.sqlite3-wal";

absl::Status DiskFull() { return FileError("write", "x", ENOSPC); }

class FaultsTest : public QueueFixture {
 protected:
  // Two cores; the second lost attempt of a job is its last.
  FaultsTest() : QueueFixture({2, int64_t{1} << 33, 2}) {}

  int64_t Lost(const std::string& id) {
    int64_t lost = -1;
    EXPECT_TRUE(
        database_
            ->Read([&](Connection& connection) -> absl::Status {
              MODBOUND_ASSIGN_OR_RETURN(
                  Statement statement,
                  connection.Prepare("SELECT lost FROM job WHERE id = ?1"));
              MODBOUND_RETURN_IF_ERROR(statement.Bind(1, id).Step().status());
              lost = statement.Int(0);
              return absl::OkStatus();
            })
            .ok());
    return lost;
  }
  // Waits until nothing of an attempt is left, not even what it queued.
  void AwaitIdle() {
    while (!std::filesystem::is_empty(dir_ / "attempts")) {
      std::this_thread::yield();
    }
    EXPECT_TRUE(
        database_->WriteAndWait([](Connection&) { return absl::OkStatus(); })
            .ok());
  }
  int ArtifactFiles() const {
    int count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(
             dir_.path() + "/artifacts")) {
      count += entry.is_regular_file() ? 1 : 0;
    }
    return count;
  }
};

TEST_F(FaultsTest, AFullDiskStartsNothingAndFailsNothing) {
  const std::string first = Enqueue(QualityJob());
  const std::string other = Enqueue(QualityJob());
  executor_->AwaitRunning(2);
  const std::string queued = Enqueue(QualityJob());
  {
    const DiskSpace disk(0);
    executor_->Return(first, DiskFull());
    // Room is asked for before each start, again and again.
    const int asked = disk.asked();
    while (disk.asked() < asked + 2 && executor_->Order().size() == 2) {
      std::this_thread::yield();
    }
    EXPECT_EQ(StateOf(first), v1::JobState::QUEUED);
    EXPECT_EQ(StateOf(queued), v1::JobState::QUEUED);
    EXPECT_THAT(executor_->Order(), UnorderedElementsAre(first, other));
  }
  // Room again.
  executor_->Succeed(first);
  executor_->Succeed(other);
  executor_->Succeed(queued);
  EXPECT_EQ(Await(first).state(), v1::JobState::SUCCEEDED);
  EXPECT_EQ(Await(queued).state(), v1::JobState::SUCCEEDED);
  EXPECT_THAT(History(first), ElementsAre(2, 3, 2, 3, 4));
  EXPECT_EQ(Lost(first), 0);
}

TEST_F(FaultsTest, AJobThatDoesNotFitOnADiskWithRoomFailsInTheEnd) {
  const DiskSpace disk(kPlenty);
  const std::string id = Enqueue(QualityJob());
  executor_->Return(id, DiskFull());
  executor_->Return(id, DiskFull());
  const v1::Job job = Await(id);
  EXPECT_EQ(job.state(), v1::JobState::FAILED);
  EXPECT_EQ(ReasonOf(job), "DISK_FULL");
  EXPECT_THAT(History(id), ElementsAre(2, 3, 2, 3, 5));
}

TEST_F(FaultsTest, AShortageOfDescriptorsIsNoFaultOfTheJob) {
  const std::string id = Enqueue(QualityJob());
  executor_->Return(id, FileError("open", "x", EMFILE));
  executor_->Return(id, FileError("open", "x", EMFILE));
  executor_->Succeed(id);
  EXPECT_EQ(Await(id).state(), v1::JobState::SUCCEEDED);
  EXPECT_THAT(History(id), ElementsAre(2, 3, 2, 3, 2, 3, 4));
  EXPECT_EQ(Lost(id), 0);
}

TEST_F(FaultsTest, AnAttemptIsTriedAgainWhenItsDirectoryCannotBeWrittenNow) {
  std::string id;
  {
    const IoFault fault(IoCall::kWrite, "/attempt.binpb", EMFILE, 0, 1);
    id = Enqueue(QualityJob());
    EXPECT_EQ(executor_->Spec(id).attempt(), 2);
    EXPECT_EQ(fault.hits(), 1);
  }
  executor_->Succeed(id);
  EXPECT_EQ(Await(id).state(), v1::JobState::SUCCEEDED);
}

TEST_F(FaultsTest, OtherFaultsFailTheJobAndKeepPathsFromItsOwner) {
  const IoFault fault(IoCall::kWrite, "/attempt.binpb", EIO, 0, 1);
  const v1::Job job = Await(Enqueue(QualityJob()));
  EXPECT_EQ(job.state(), v1::JobState::FAILED);
  EXPECT_EQ(ReasonOf(job), "INTERNAL");
  EXPECT_THAT(job.error().message(), HasSubstr("cannot write"));
  EXPECT_THAT(job.DebugString(), Not(HasSubstr(dir_.path())));
}

// While it lives, the store's writer thread does nothing else.
class HeldWriter {
 public:
  void Hold(Database& database) {
    database.Write(
        [released = release_.get_future().share()](Connection&) {
          released.wait();
          return absl::OkStatus();
        },
        [](const absl::Status&) {});
  }
  void Release() { release_.set_value(); }

 private:
  std::promise<void> release_;
};

// The end of an attempt that could not be begun waits for the store: whoever
// waits must not be the one who keeps the time of the others.
TEST_F(FaultsTest, RunTimesAreKeptWhileTheStoreKeepsAnEndWaiting) {
  v1::Job limited = QualityJob();
  limited.mutable_max_run_time()->set_nanos(500000000);
  const std::string running = Enqueue(limited);
  const AttemptTask task = executor_->Await(running);
  HeldWriter writer;
  std::string broken;
  {
    const IoFault fault(IoCall::kWrite, "/attempt.binpb", EIO, 0, 1, [&] {
      writer.Hold(*database_);
    });
    broken = Enqueue(QualityJob());
    while (!task.stop->stopped() || fault.hits() == 0) {
      std::this_thread::yield();
    }
  }
  EXPECT_EQ(StateOf(broken), v1::JobState::RUNNING) << "its end waits";
  writer.Release();
  executor_->ReturnWhenStopped(running);
  EXPECT_EQ(ReasonOf(Await(running)), "RUN_TIME_EXCEEDED");
  EXPECT_EQ(Await(broken).state(), v1::JobState::FAILED);
}

TEST_F(FaultsTest, RunTimesAreKeptWhileTheStoreKeepsAnExpiryWaiting) {
  const std::string other = Enqueue(QualityJob());
  v1::Job limited = QualityJob();
  limited.mutable_max_run_time()->set_seconds(1);
  const std::string running = Enqueue(limited);
  const AttemptTask task = executor_->Await(running);
  v1::Job late = QualityJob();
  *late.mutable_deadline() = ToTimestamp(WallMicros() + 500000);
  const std::string expiring = Enqueue(late);
  HeldWriter writer;
  writer.Hold(*database_);
  while (!task.stop->stopped()) {
    std::this_thread::yield();
  }
  writer.Release();
  EXPECT_EQ(ReasonOf(Await(expiring)), "DEADLINE_PASSED");
  EXPECT_THAT(History(expiring), ElementsAre(2, 5));
  executor_->ReturnWhenStopped(running);
  executor_->Succeed(other);
}

// Out of memory at a start.
class ThrowingExecutor : public FakeExecutor {
 public:
  void Start(AttemptTask task) override {
    if (left_.fetch_sub(1) > 0) {
      throw std::bad_alloc();
    }
    FakeExecutor::Start(std::move(task));
  }

 private:
  std::atomic<int> left_{1};
};

TEST_F(FaultsTest, AStartThatFindsNoMemoryIsTriedAgain) {
  queue_.reset();
  ThrowingExecutor executor;
  auto queue = JobQueue::Open(*database_, *artifacts_, executor, options_);
  ASSERT_TRUE(queue.ok()) << queue.status();
  queue_ = *std::move(queue);
  const std::string id = Enqueue(QualityJob());
  executor.Succeed(id);
  EXPECT_EQ(Await(id).state(), v1::JobState::SUCCEEDED);
  EXPECT_THAT(History(id), ElementsAre(2, 3, 2, 3, 4));
  queue_.reset();
}

// On a full disk the end of an attempt may find its room only when the attempt
// has given up its own.
TEST_F(FaultsTest, TheDirectoryGoesBeforeTheEndIsStored) {
  const std::string id = Enqueue(QualityJob());
  const std::string dir = executor_->Await(id).dir;
  std::thread end;
  {
    const IoFault fault(IoCall::kWrite, kLog, ENOSPC);
    end = std::thread(
        [&] { executor_->Return(id, absl::InternalError("bad luck")); });
    while (fault.hits() == 0) {
      std::this_thread::yield();
    }
    EXPECT_FALSE(std::filesystem::exists(dir));
  }
  end.join();
  EXPECT_EQ(Await(id).state(), v1::JobState::FAILED);
}

TEST_F(FaultsTest, AResultWaitsForRoomInTheStore) {
  const std::string id = Enqueue(QualityJob());
  executor_->Await(id);
  std::thread end;
  {
    const IoFault fault(IoCall::kWrite, kLog, ENOSPC);
    end = std::thread([&] { executor_->Succeed(id); });
    while (fault.hits() == 0) {
      std::this_thread::yield();
    }
  }
  end.join();
  EXPECT_EQ(Await(id).state(), v1::JobState::SUCCEEDED);
  EXPECT_THAT(History(id), ElementsAre(2, 3, 4));
}

constexpr std::size_t kLargeOutput = 9000;  // doubles, beyond kInlineLimit

TEST_F(FaultsTest, OutputsOfACancelledJobLeaveNoFile) {
  const std::string id = Enqueue(QualityJob());
  executor_->Await(id);
  ASSERT_TRUE(Cancel(id).ok());
  executor_->Succeed(id, std::vector<double>(kLargeOutput, 0.5));
  EXPECT_EQ(Await(id).state(), v1::JobState::CANCELLED);
  AwaitIdle();
  EXPECT_EQ(ArtifactFiles(), 0);
}

TEST_F(FaultsTest, OutputsBesideOneThatIsLostLeaveNoFile) {
  const std::string id = Enqueue(QualityJob());
  const AttemptTask task = executor_->Await(id);
  internal::AttemptResult result;
  result.set_token(task.token);
  for (const char* name : {"0", "1"}) {
    const std::vector<double> values(kLargeOutput, *name);
    const auto file = WriteOutput(
        task.dir,
        std::string("out/") + name,
        HostArray::FromDoubles(values, {kLargeOutput}, {"partition"}),
        StopFlag());
    ASSERT_TRUE(file.ok()) << file.status();
    (*result.mutable_outputs())[name] = *file;
  }
  ASSERT_TRUE(WriteAttemptResult(task.dir, result).ok());
  {
    const IoFault fault(IoCall::kRename, "/artifacts/", EIO, 1);
    executor_->Return(id, absl::OkStatus());
    EXPECT_EQ(fault.hits(), 1);
  }
  EXPECT_EQ(Await(id).state(), v1::JobState::FAILED);
  AwaitIdle();
  EXPECT_EQ(ArtifactFiles(), 0);
}

TEST_F(FaultsTest, AnUnreadableStoreIsNoEmptyQueue) {
  const std::string id = Enqueue(QualityJob());
  executor_->Await(id);
  {
    const IoFault fault(IoCall::kRead, "modbound.sqlite3", EIO);
    EXPECT_FALSE(queue_->State().ok());
  }
  EXPECT_EQ(queue_->State()->running(), 1);
  executor_->Succeed(id);
}

}  // namespace
}  // namespace modbound
