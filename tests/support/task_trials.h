#ifndef MODBOUND_TESTS_SUPPORT_TASK_TRIALS_H_
#define MODBOUND_TESTS_SUPPORT_TASK_TRIALS_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/tasks/task.h"
#include "gtest/gtest.h"

namespace modbound {

// A task with its defaults, changed by `change`.
inline Task TaskWith(
    const std::string& name,
    double dt_ms,
    const std::function<void(TaskSpec&)>& change = [](TaskSpec&) {}) {
  TaskSpec spec = *DefaultTaskSpec(name);
  change(spec);
  const auto task = Task::Make(spec, dt_ms);
  EXPECT_TRUE(task.ok()) << task.status();
  return *task;
}

// Trial `index` of seed 7.
inline Trial DrawnTrial(const Task& task, uint64_t index) {
  RandomStream random(7, RandomPurpose::kSimulationTrials, index);
  Trial trial;
  task.Draw(random, trial);
  return trial;
}

// What one channel is, written down by hand: `value` in steps [begin, end), 0
// elsewhere.
struct Shown {
  int64_t channel;
  int64_t begin;
  int64_t end;
  double value;
};

inline void ExpectMeans(const Trial& trial,
                        int64_t steps,
                        int64_t channels,
                        const std::vector<Shown>& shown) {
  ASSERT_EQ(trial.steps(), steps);
  ASSERT_EQ(trial.means.cols(), channels);
  Matrix expected = Matrix::Zero(steps, channels);
  for (const Shown& one : shown) {
    expected.col(one.channel)
        .segment(one.begin, one.end - one.begin)
        .setConstant(one.value);
  }
  EXPECT_LT((trial.means.topRows(steps) - expected).cwiseAbs().maxCoeff(),
            1e-15)
      << trial.means << "\nexpected\n"
      << expected;
}

// 0 before step `begin`, `target` from there on.
inline void ExpectTargetFrom(const Trial& trial,
                             int64_t begin,
                             int32_t target) {
  for (int64_t t = 0; t < trial.steps(); ++t) {
    EXPECT_EQ(trial.targets[static_cast<std::size_t>(t)],
              t < begin ? 0 : target)
        << "step " << t;
  }
}

// The spread of the noise in steps [begin, end) of channels [first, last], and
// that there is none elsewhere. `noisy` says which steps have noise.
inline void ExpectNoise(const Task& task,
                        int64_t first,
                        int64_t last,
                        const std::function<bool(int64_t)>& noisy,
                        double sd) {
  double squares = 0;
  double count = 0;
  for (uint64_t k = 0; k < 500; ++k) {
    const Trial trial = DrawnTrial(task, k);
    for (int64_t t = 0; t < trial.steps(); ++t) {
      for (int64_t c = 0; c < task.inputs(); ++c) {
        const double noise = trial.inputs(t, c) - trial.means(t, c);
        if (noisy(t) && c >= first && c <= last) {
          squares += noise * noise;
          count += 1;
        } else {
          ASSERT_EQ(noise, 0) << "step " << t << " channel " << c;
        }
      }
    }
  }
  // Relative sd of a variance of n draws: sqrt(2 / n). Five of them.
  EXPECT_NEAR(squares / count, sd * sd, 5 * sd * sd * std::sqrt(2 / count));
}

// How often trials fall into each of `kinds` kinds: all equally likely.
inline void ExpectEvenDraws(const Task& task,
                            int64_t kinds,
                            const std::function<int64_t(const Trial&)>& kind) {
  constexpr int64_t kTrials = 8000;
  std::vector<double> counts(static_cast<std::size_t>(kinds), 0);
  for (uint64_t k = 0; k < kTrials; ++k) {
    counts.at(static_cast<std::size_t>(kind(DrawnTrial(task, k)))) += 1;
  }
  const double p = 1.0 / static_cast<double>(kinds);
  for (const double count : counts) {
    EXPECT_NEAR(count, kTrials * p, 5 * std::sqrt(kTrials * p * (1 - p)));
  }
}

}  // namespace modbound

#endif  // MODBOUND_TESTS_SUPPORT_TASK_TRIALS_H_
