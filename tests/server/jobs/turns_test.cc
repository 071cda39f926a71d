// Who starts when, over hours of a simulated clock: ReadyJobs, FairShare and
// Leases as Scheduler puts them together.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/jobs/fair_share.h"
#include "server/jobs/lease.h"
#include "server/jobs/ready_jobs.h"
#include "tests/support/fault_row.h"

namespace modbound {
namespace {

constexpr double kLeadSeconds = 600;

class Turns {
 public:
  explicit Turns(int cores) : cores_(cores), leases_(cores, 1 << 20) {}

  // A job that takes so long on any number of cores.
  std::string Add(const std::string& owner,
                  int threads,
                  double seconds,
                  int priority = 0) {
    ReadyJob job;
    job.schedule.number = ++number_;
    job.id = absl::StrCat("j", number_);
    job.schedule.owner = owner;
    job.schedule.threads = threads;
    job.schedule.priority = priority;
    job.ready = now_;
    seconds_[job.id] = seconds;
    ready_.Add(job);
    return job.id;
  }
  void Load(const std::string& owner, double core_seconds) {
    share_.Load(owner, core_seconds, now_);
  }

  // Starts what may start, then goes on to the next end.
  void Step() {
    while (true) {
      share_.BoundLead(ready_.StartableOwners(), kLeadSeconds * cores_, now_);
      const ReadyJob* first = ready_.First({share_, 0, now_});
      if (first == nullptr) {
        break;
      }
      const auto lease = leases_.Take(first->schedule.threads, 1);
      if (!lease.has_value()) {
        break;
      }
      share_.Begin(first->schedule.owner, lease->cores, now_);
      started_[first->id] = now_;
      longest_wait_ = std::max(longest_wait_, Seconds(first->ready, now_));
      runs_.push_back({first->schedule.owner,
                       *lease,
                       now_,
                       now_ + Micros(seconds_[first->id])});
      ready_.Remove(std::string(first->id));
    }
    ASSERT_LE(leases_.leased_cores(), cores_);
    const auto next = std::min_element(
        runs_.begin(), runs_.end(), [](const Run& a, const Run& b) {
          return a.end < b.end;
        });
    if (next == runs_.end()) {
      return;
    }
    now_ = next->end;
    leases_.Return(next->lease);
    share_.End(next->owner, next->lease.cores, next->begin, now_);
    got_[next->owner] += next->lease.cores * Seconds(next->begin, now_);
    runs_.erase(next);
  }

  SteadyTime now() const { return now_; }
  bool Started(const std::string& id) const { return started_.count(id) > 0; }
  // Core-seconds of ended jobs.
  double got(const std::string& owner) { return got_[owner]; }
  // Of those that have started, seconds.
  double longest_wait() const { return longest_wait_; }

 private:
  struct Run {
    std::string owner;
    Lease lease;
    SteadyTime begin;
    SteadyTime end;
  };
  static std::chrono::microseconds Micros(double seconds) {
    return std::chrono::microseconds(static_cast<int64_t>(seconds * 1e6));
  }

  const int cores_;
  Leases leases_;
  ReadyJobs ready_;
  FairShare share_{7 * 86400.0};
  SteadyTime now_ = std::chrono::steady_clock::now();
  int64_t number_ = 0;
  std::map<std::string, double> seconds_;
  std::map<std::string, SteadyTime> started_;
  std::vector<Run> runs_;
  std::map<std::string, double> got_;
  double longest_wait_ = 0;
};

// Ada queues 5,000 jobs, then Grace some of three cores: Grace's first one
// starts when the first core is free, and from then on both get the same.
TEST(Turns, ASweepDoesNotStarveANeighbour) {
  Turns turns(4);
  for (int i = 0; i < 5000; ++i) {
    turns.Add("ada", 1, 10 + i % 3);
  }
  turns.Step();
  const std::string first = turns.Add("grace", 3, 30);
  for (int i = 0; i < 2000; ++i) {
    turns.Add("grace", 3, 10 + i % 5);
  }
  const double before = turns.got("ada");
  turns.Step();
  EXPECT_TRUE(turns.Started(first));
  for (int i = 0; i < 1000; ++i) {
    turns.Step();
  }
  const double ratio = (turns.got("ada") - before) / turns.got("grace");
  EXPECT_NEAR(ratio, 1, .1);
  FaultRow(21,
           absl::StrCat("5,000 jobs of one core against 2,000 of three: the "
                        "neighbour starts at the first free core, usage ratio "
                        "over 1,000 turns ",
                        ratio));
}

// Fifty core-hours of history do not keep Ada out for a day.
TEST(Turns, WhoUsedMuchBeforeWaitsForABoundedTime) {
  constexpr int kCores = 4;
  Turns turns(kCores);
  turns.Load("ada", 50 * 3600);
  for (int i = 0; i < 5000; ++i) {
    turns.Add("grace", 1, 10);
  }
  const std::string job = turns.Add("ada", 1, 10);
  const SteadyTime begin = turns.now();
  while (!turns.Started(job)) {
    turns.Step();
    ASSERT_LE(Seconds(begin, turns.now()), kLeadSeconds + 20);
  }
  EXPECT_GT(Seconds(begin, turns.now()), kLeadSeconds - 20);
  FaultRow(
      21,
      absl::StrCat("against a new owner's sweep, an owner of 50 core-hours "
                   "waits for ",
                   Seconds(begin, turns.now()),
                   " s"));
}

// Random jobs of five owners, on average fewer than the cores can do: nobody
// waits for longer than the busiest hour explains.
TEST(Turns, NobodyStarves) {
  constexpr int kJobs = 100000;
  Turns turns(8);
  std::mt19937 random(11);
  std::vector<std::string> jobs;
  while (jobs.size() < kJobs) {
    const int burst = static_cast<int>(random() % 24);
    for (int i = 0; i < burst; ++i) {
      jobs.push_back(turns.Add(absl::StrCat("owner", random() % 5),
                               static_cast<int>(1 + random() % 6),
                               1 + static_cast<double>(random() % 20),
                               static_cast<int>(random() % 21) - 10));
    }
    for (int i = 0; i < 13; ++i) {
      turns.Step();
    }
  }
  for (int i = 0; i < kJobs; ++i) {
    turns.Step();
  }
  for (const std::string& job : jobs) {
    ASSERT_TRUE(turns.Started(job)) << job;
  }
  // Twenty steps of priority are twenty minutes.
  EXPECT_LT(turns.longest_wait(), 3600);
  FaultRow(
      22,
      absl::StrCat(kJobs,
                   " random jobs of 5 owners and 21 priorities on 8 cores: "
                   "all started, longest wait ",
                   turns.longest_wait(),
                   " s"));
}

}  // namespace
}  // namespace modbound
