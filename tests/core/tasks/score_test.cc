#include "core/tasks/score.h"

#include <cmath>

#include "gtest/gtest.h"

namespace modbound {
namespace {

TrialOutcome Outcome(int32_t truth, double coherence, int32_t choice) {
  return {.ground_truth = truth,
          .coherence = coherence,
          .choice = choice,
          .correct = choice == truth + 1,
          .coin_toss = coherence == 0};
}

TEST(Choice, TiesGoToTheLowerIndex) {
  EXPECT_EQ(Choice(Eigen::RowVector3d(1, 2, 2)), 1);
  EXPECT_EQ(Choice(Eigen::RowVector3d(0, 0, 0)), 0);
  EXPECT_EQ(Choice(Eigen::RowVector3d(-3, -2, -1)), 2);
}

TEST(ScoreTrials, CountsZeroCoherenceApart) {
  // Non-zero: 2 of 3 right; zero: 1 of 2; all: 3 of 5.
  const Accuracy accuracy = ScoreTrials({Outcome(0, 5, 1),
                                         Outcome(1, 5, 2),
                                         Outcome(1, 10, 0),
                                         Outcome(0, 0, 1),
                                         Outcome(1, 0, 1)});
  EXPECT_DOUBLE_EQ(*accuracy.accuracy, 2.0 / 3);
  EXPECT_DOUBLE_EQ(*accuracy.accuracy_zero, 0.5);
  EXPECT_DOUBLE_EQ(*accuracy.accuracy_all, 0.6);
}

TEST(ScoreTrials, EveryTrialCountsWithoutCoherences) {
  TrialOutcome right;
  right.correct = true;
  const Accuracy accuracy = ScoreTrials({right, TrialOutcome()});
  EXPECT_DOUBLE_EQ(*accuracy.accuracy, 0.5);
  EXPECT_FALSE(accuracy.accuracy_zero.has_value());
}

TEST(ScoreTrials, WhatNoTrialCountsForIsUnset) {
  const Accuracy accuracy = ScoreTrials({Outcome(0, 0, 1)});
  EXPECT_FALSE(accuracy.accuracy.has_value());
  EXPECT_FALSE(ScoreTrials({Outcome(0, 5, 1)}).accuracy_zero.has_value());
}

TEST(SignedCoherences, AreAscendingAndDistinct) {
  EXPECT_EQ(SignedCoherences({5, 0, 20, 5}),
            (std::vector<double>{-20, -5, 0, 5, 20}));
  EXPECT_TRUE(SignedCoherences({}).empty());
}

TEST(Psychometric, CountsFirstChoicesOfEachSignedCoherence) {
  const Matrix curve = Psychometric({Outcome(0, 5, 1),
                                     Outcome(0, 5, 2),
                                     Outcome(1, 5, 2),
                                     Outcome(0, 0, 1),
                                     Outcome(1, 0, 2)},
                                    {0, 5, 10});
  ASSERT_EQ(curve.rows(), 5);
  EXPECT_TRUE(std::isnan(curve(0, 1)));  // -10: no trials
  EXPECT_EQ(curve(0, 2), 0);
  EXPECT_EQ(curve.row(1), Eigen::RowVector3d(-5, 0, 1));
  EXPECT_EQ(curve.row(2), Eigen::RowVector3d(0, 0.5, 2));
  EXPECT_EQ(curve.row(3), Eigen::RowVector3d(5, 0.5, 2));
}

}  // namespace
}  // namespace modbound
