#include "client/cli/watch.h"

#include "client/cli/result.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(ApplyEvent, FollowsSnapshotStateAndProgress) {
  v1::Job job;
  v1::JobEvent event;
  event.mutable_snapshot()->set_id("7");
  event.mutable_snapshot()->set_state(v1::JobState::QUEUED);
  ApplyEvent(event, job);
  EXPECT_EQ(job.id(), "7");
  EXPECT_EQ(job.state(), v1::JobState::QUEUED);

  event.mutable_state_change()->set_state(v1::JobState::RUNNING);
  event.mutable_state_change()->set_attempt(2);
  ApplyEvent(event, job);
  EXPECT_EQ(job.id(), "7");
  EXPECT_EQ(job.state(), v1::JobState::RUNNING);
  EXPECT_EQ(job.attempts(), 2);

  event.mutable_progress()->set_done(5);
  ApplyEvent(event, job);
  EXPECT_EQ(job.progress().done(), 5);

  event.mutable_state_change()->set_state(v1::JobState::FAILED);
  event.mutable_state_change()->mutable_error()->set_message("why");
  ApplyEvent(event, job);
  EXPECT_EQ(job.error().message(), "why");
}

TEST(EndOf, GivesTheExitCodeOfTheState) {
  const auto code = [](v1::JobState::State state) {
    v1::Job job;
    job.set_state(state);
    job.mutable_error()->set_code(3);
    return ExitCodeOf(EndOf(job));
  };
  EXPECT_EQ(code(v1::JobState::SUCCEEDED), 0);
  EXPECT_EQ(code(v1::JobState::FAILED), 3);
  EXPECT_EQ(code(v1::JobState::SKIPPED), 3);
  EXPECT_EQ(code(v1::JobState::CANCELLED), 4);
}

TEST(EndOf, OfAJobWithoutAReasonIsStillAnError) {
  v1::Job job;
  job.set_state(v1::JobState::FAILED);
  EXPECT_EQ(ExitCodeOf(EndOf(job)), 3);
}

TEST(HasEnded, IsTrueForTheFourEndsAlone) {
  EXPECT_FALSE(HasEnded(v1::JobState::WAITING));
  EXPECT_FALSE(HasEnded(v1::JobState::QUEUED));
  EXPECT_FALSE(HasEnded(v1::JobState::RUNNING));
  EXPECT_TRUE(HasEnded(v1::JobState::SUCCEEDED));
  EXPECT_TRUE(HasEnded(v1::JobState::FAILED));
  EXPECT_TRUE(HasEnded(v1::JobState::CANCELLED));
  EXPECT_TRUE(HasEnded(v1::JobState::SKIPPED));
}

}  // namespace
}  // namespace modbound
