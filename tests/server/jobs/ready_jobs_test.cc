#include "server/jobs/ready_jobs.h"

#include <gtest/gtest.h>

namespace modbound {
namespace {

ReadyJob Job(const std::string& id, int priority, int64_t number) {
  ReadyJob job;
  job.id = id;
  job.schedule.priority = priority;
  job.schedule.number = number;
  return job;
}

TEST(ReadyJobs, StartsHigherPriorityFirstThenOlder) {
  ReadyJobs ready;
  ready.Add(Job("young", 0, 3));
  ready.Add(Job("old", 0, 1));
  ready.Add(Job("urgent", 5, 4));
  ready.Add(Job("patient", -5, 2));
  for (const char* expected : {"urgent", "old", "young", "patient"}) {
    ASSERT_NE(ready.First(), nullptr);
    EXPECT_EQ(ready.First()->id, expected);
    ready.Remove(std::string(ready.First()->id));
  }
  EXPECT_EQ(ready.First(), nullptr);
}

TEST(ReadyJobs, HoldsAJobOnce) {
  ReadyJobs ready;
  ready.Add(Job("a", 0, 1));
  ready.Add(Job("a", 9, 1));
  ready.Remove("a");
  ready.Remove("a");
  EXPECT_EQ(ready.First(), nullptr);
}

TEST(ReadyJobs, PassesOverSuspects) {
  ReadyJobs ready;
  ReadyJob suspect = Job("suspect", 9, 1);
  suspect.schedule.lost = kSuspectAttempts;
  ready.Add(suspect);
  EXPECT_EQ(ready.First(false), nullptr);
  ReadyJob unlucky = Job("unlucky", 0, 2);
  unlucky.schedule.lost = kSuspectAttempts - 1;
  ready.Add(unlucky);
  EXPECT_EQ(ready.First(false)->id, "unlucky");
  EXPECT_EQ(ready.First()->id, "suspect");
}

}  // namespace
}  // namespace modbound
