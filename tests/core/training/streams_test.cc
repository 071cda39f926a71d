#include "core/training/streams.h"

#include "core/base/error.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

Task DefaultTask() {
  return *Task::Make(*DefaultTaskSpec("PERCEPTUAL_DECISION_MAKING"), 100);
}

Batch<double> Chunk(const Task& task,
                    int64_t streams,
                    int64_t seq_len,
                    int64_t chunk) {
  TrainingStreams source(task, streams, seq_len, 4);
  Batch<double> batch;
  EXPECT_TRUE(source.Fill(chunk, {}, batch).ok());
  return batch;
}

TEST(TrainingStreams, AreBackToBackTrials) {
  const Task task = DefaultTask();  // 22 steps a trial
  const Batch<double> batch = Chunk(task, 3, 50, 0);
  for (int64_t b = 0; b < 3; ++b) {
    for (int64_t t = 0; t < 50; ++t) {
      RandomStream random(4,
                          RandomPurpose::kTrainingTrials,
                          static_cast<uint64_t>(t / 22 * 3 + b));
      Trial trial;
      task.Draw(random, trial);
      EXPECT_EQ(batch.inputs.col(t * 3 + b),
                trial.inputs.row(t % 22).transpose());
      EXPECT_EQ(batch.targets[static_cast<std::size_t>(t * 3 + b)],
                trial.targets[static_cast<std::size_t>(t % 22)]);
    }
  }
}

TEST(TrainingStreams, ChunksContinueEachOther) {
  const Task task = DefaultTask();
  const Batch<double> whole = Chunk(task, 2, 60, 0);
  TrainingStreams source(task, 2, 15, 4);
  Batch<double> part;
  for (int64_t chunk = 0; chunk < 4; ++chunk) {
    ASSERT_TRUE(source.Fill(chunk, {}, part).ok());
    EXPECT_EQ(part.inputs, whole.inputs.middleCols(chunk * 30, 30)) << chunk;
  }
}

TEST(TrainingStreams, AChunkDoesNotDependOnWhatCameBefore) {
  const Task task = DefaultTask();
  TrainingStreams source(task, 2, 15, 4);
  Batch<double> part;
  ASSERT_TRUE(source.Fill(7, {}, part).ok());
  ASSERT_TRUE(source.Fill(3, {}, part).ok());
  EXPECT_EQ(part.inputs, Chunk(task, 2, 15, 3).inputs);
}

// Trials of random lengths, of two tasks.
Task UnevenTask() {
  return Task::Combine(
      {DefaultTask(),
       *Task::Make(*DefaultTaskSpec("CONTEXT_DECISION_MAKING"), 100)});
}

TEST(TrainingStreams, TrialsOfAnyLengthAreBackToBack) {
  const Task task = UnevenTask();
  const Batch<double> batch = Chunk(task, 3, 200, 0);
  for (int64_t b = 0; b < 3; ++b) {
    int64_t t = 0;
    for (int64_t trial = 0; t < 200; ++trial) {
      RandomStream random(4,
                          RandomPurpose::kTrainingTrials,
                          static_cast<uint64_t>(trial * 3 + b));
      Trial drawn;
      task.Draw(random, drawn);
      for (int64_t s = 0; s < drawn.steps() && t < 200; ++s, ++t) {
        EXPECT_EQ(batch.inputs.col(t * 3 + b), drawn.inputs.row(s).transpose());
        EXPECT_EQ(batch.targets[static_cast<std::size_t>(t * 3 + b)],
                  drawn.targets[static_cast<std::size_t>(s)]);
      }
    }
  }
}

TEST(TrainingStreams, ChunksOfTrialsOfAnyLengthComeInAnyOrder) {
  const Task task = UnevenTask();
  const Batch<double> whole = Chunk(task, 2, 90, 0);
  TrainingStreams source(task, 2, 15, 4);
  Batch<double> part;
  for (const int64_t chunk : {0, 1, 5, 2, 3, 4, 4, 0}) {
    ASSERT_TRUE(source.Fill(chunk, {}, part).ok());
    EXPECT_EQ(part.inputs, whole.inputs.middleCols(chunk * 30, 30)) << chunk;
  }
}

TEST(TrainingStreams, StopWhenAsked) {
  StopFlag stop;
  stop.Stop();
  Execution execution;
  execution.stop = &stop;
  const Task task = DefaultTask();
  TrainingStreams source(task, 2, 15, 4);
  Batch<float> batch;
  EXPECT_EQ(ReasonOf(source.Fill(0, execution, batch)), reason::kCancelled);
}

}  // namespace
}  // namespace modbound
