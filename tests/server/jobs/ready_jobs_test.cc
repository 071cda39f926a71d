#include "server/jobs/ready_jobs.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace modbound {
namespace {

ReadyJob Job(const std::string& id, int priority, int64_t number) {
  ReadyJob job;
  job.id = id;
  job.schedule.priority = priority;
  job.schedule.number = number;
  return job;
}

// Nobody has used anything.
ReadyJobs::Shares Nobody() {
  static const FairShare kUnused(1);
  return {kUnused, 0, std::chrono::steady_clock::now()};
}

const ReadyJob* Next(const ReadyJobs& ready, bool suspects = true) {
  return ready.First(Nobody(), suspects);
}

TEST(ReadyJobs, StartsHigherPriorityFirstThenOlder) {
  ReadyJobs ready;
  ready.Add(Job("young", 0, 3));
  ready.Add(Job("old", 0, 1));
  ready.Add(Job("urgent", 5, 4));
  ready.Add(Job("patient", -5, 2));
  for (const char* expected : {"urgent", "old", "young", "patient"}) {
    ASSERT_NE(Next(ready), nullptr);
    EXPECT_EQ(Next(ready)->id, expected);
    ready.Remove(std::string(Next(ready)->id));
  }
  EXPECT_EQ(Next(ready), nullptr);
}

TEST(ReadyJobs, HoldsAJobOnce) {
  ReadyJobs ready;
  ready.Add(Job("a", 0, 1));
  ready.Add(Job("a", 9, 1));
  ready.Remove("a");
  ready.Remove("a");
  EXPECT_EQ(Next(ready), nullptr);
}

TEST(ReadyJobs, PassesOverSuspects) {
  ReadyJobs ready;
  ReadyJob suspect = Job("suspect", 9, 1);
  suspect.schedule.lost = kSuspectAttempts;
  ready.Add(suspect);
  EXPECT_EQ(Next(ready, false), nullptr);
  ReadyJob unlucky = Job("unlucky", 0, 2);
  unlucky.schedule.lost = kSuspectAttempts - 1;
  ready.Add(unlucky);
  EXPECT_EQ(Next(ready, false)->id, "unlucky");
  EXPECT_EQ(Next(ready)->id, "suspect");
}

ReadyJob Keyed(const std::string& id, int64_t number, const std::string& key) {
  ReadyJob job = Job(id, 0, number);
  job.schedule.cache_key = key;
  return job;
}

std::string FirstOf(const ReadyJobs& ready) {
  return Next(ready) == nullptr ? "" : Next(ready)->id;
}

std::string AnswerableOf(const ReadyJobs& ready) {
  return ready.FirstAnswerable() == nullptr ? "" : ready.FirstAnswerable()->id;
}

TEST(ReadyJobs, LetsEqualJobsWaitForTheOneThatRuns) {
  ReadyJobs ready;
  ready.Add(Keyed("equal", 1, "k"));
  ready.Add(Keyed("other", 2, "l"));
  ready.Hold("k");
  EXPECT_EQ(FirstOf(ready), "other");
  ready.Add(Keyed("late", 0, "k"));
  EXPECT_EQ(FirstOf(ready), "other");
  EXPECT_TRUE(ready.Has("late"));
  // It failed: the next one tries.
  ready.Release("k");
  EXPECT_EQ(FirstOf(ready), "late");
  ready.Hold("k");
  ready.Remove("late");
  ready.SetAnswerable("k");
  EXPECT_EQ(FirstOf(ready), "other");
  EXPECT_EQ(AnswerableOf(ready), "equal");
  ready.Release("k");
  EXPECT_EQ(FirstOf(ready), "other");
  ready.Remove("equal");
  EXPECT_EQ(AnswerableOf(ready), "");
}

TEST(ReadyJobs, RunsWhatMustNotShare) {
  ReadyJobs ready;
  ReadyJob stubborn = Keyed("stubborn", 1, "k");
  stubborn.schedule.no_cache = true;
  ready.Add(stubborn);
  ready.Hold("k");
  ready.SetAnswerable("k");
  EXPECT_EQ(FirstOf(ready), "stubborn");
  EXPECT_EQ(AnswerableOf(ready), "");
  // Two without a key have nothing in common.
  ready.Remove("stubborn");
  ready.Hold("");
  ready.Add(Keyed("keyless", 2, ""));
  EXPECT_EQ(FirstOf(ready), "keyless");
}

ReadyJob Owned(const std::string& owner, int64_t number, int priority = 0) {
  ReadyJob job = Job(owner + std::to_string(number), priority, number);
  job.schedule.owner = owner;
  return job;
}

TEST(ReadyJobs, StartsThoseOfTheOwnerWhoUsedLeast) {
  ReadyJobs ready;
  const SteadyTime now = std::chrono::steady_clock::now();
  FairShare used(3600);
  used.Load("ada", 100, now);
  used.Load("grace", 10, now);
  ready.Add(Owned("ada", 1, 100));
  ready.Add(Owned("grace", 2));
  ready.Add(Owned("grace", 3, 1));
  const auto first = [&](int most_running) {
    const ReadyJob* job = ready.First({used, most_running, now});
    return job == nullptr ? "" : job->id;
  };
  // Priorities count among jobs of one owner.
  EXPECT_EQ(first(0), "grace3");
  ready.Remove("grace3");
  EXPECT_EQ(first(0), "grace2");
  used.Begin("grace", 1, now);
  EXPECT_EQ(first(1), "ada1");
  used.Begin("ada", 1, now);
  EXPECT_EQ(first(1), "");
  EXPECT_EQ(first(2), "grace2");
}

TEST(ReadyJobs, TellsWhoComesBefore) {
  ReadyJobs ready;
  const SteadyTime now = std::chrono::steady_clock::now();
  const FairShare unused(3600);
  for (int i = 1; i <= 100; ++i) {
    ready.Add(Owned("ada", i));
  }
  ready.Add(Owned("grace", 101));
  ready.Add(Owned("grace", 102));
  const auto before = [&](const std::string& id, int64_t most = 1000) {
    std::vector<std::string> ids;
    for (const ReadyJob* job : ready.Before(
             id, {unused, 0, now}, [](const ReadyJob&) { return 60; }, most)) {
      ids.push_back(job->id);
    }
    return ids;
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(before("ada1"), Ids());
  // They take turns, whoever came first.
  EXPECT_EQ(before("grace101"), Ids({"ada1"}));
  EXPECT_EQ(before("grace102"), Ids({"ada1", "grace101", "ada2"}));
  EXPECT_EQ(before("ada100").size(), 101u);
  EXPECT_EQ(before("ada100", 7).size(), 7u);
  EXPECT_EQ(before("none"), Ids());
}

TEST(ReadyJobs, RaisesThePriorityOfWhatWaits) {
  using std::chrono::seconds;
  const SteadyTime begin = std::chrono::steady_clock::now();
  const FairShare unused(3600);
  ReadyJobs ready;
  const auto add = [&](const std::string& id,
                       int priority,
                       int64_t number,
                       SteadyTime since) {
    ReadyJob job = Job(id, priority, number);
    job.ready = since;
    ready.Add(job);
  };
  add("patient", 0, 1, begin);
  add("patient2", 0, 2, begin);
  // Something more urgent is always there.
  SteadyTime now = begin;
  int urgent = 0;
  for (; urgent < 1000; ++urgent, now += seconds(10)) {
    const std::string id = "urgent" + std::to_string(urgent);
    add(id, 3, 10 + urgent, now);
    const std::string first = ready.First({unused, 0, now})->id;
    if (first == "patient") {
      break;
    }
    ASSERT_EQ(first, id);
    ready.Remove(id);
  }
  // Three steps are three minutes; at that very moment the urgent one goes.
  EXPECT_EQ(urgent, 19);
  EXPECT_EQ(ready.First({unused, 0, begin})->id, "urgent19");
  // Of one priority the earlier comes first, also when it was put back.
  ready.Remove("urgent19");
  ready.Remove("patient");
  add("patient", 0, 1, now);
  EXPECT_EQ(ready.First({unused, 0, now})->id, "patient");
}

// While one that was answerable runs after all (its result was damaged), the
// equal ones wait again.
TEST(ReadyJobs, TakesAnAnswerBack) {
  ReadyJobs ready;
  ReadyJob job = Keyed("job", 1, "k");
  job.schedule.answerable = true;
  ready.Add(job);
  EXPECT_EQ(AnswerableOf(ready), "job");
  EXPECT_EQ(FirstOf(ready), "");
  job.schedule.answerable = false;
  ready.Add(job);
  EXPECT_EQ(AnswerableOf(ready), "");
  EXPECT_EQ(FirstOf(ready), "job");
}

}  // namespace
}  // namespace modbound
