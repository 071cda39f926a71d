#include "core/tasks/score.h"

#include <algorithm>
#include <cmath>

#include "core/base/finite.h"

namespace modbound {
namespace {

// Fraction right among the trials counted.
class Fraction {
 public:
  void Add(bool right) {
    ++count_;
    right_ += right ? 1 : 0;
  }
  std::optional<double> value() const {
    return count_ == 0 ? std::nullopt
                       : std::optional<double>(static_cast<double>(right_) /
                                               static_cast<double>(count_));
  }
  int64_t count() const { return count_; }

 private:
  int64_t count_ = 0;
  int64_t right_ = 0;
};

// The coherences of a task's psychometric curve; none where it has no curve.
std::vector<double> CurveCoherences(const Task& tasks, int64_t task) {
  return tasks.shape(task).trial_types == 2 ? tasks.spec(task).coherences
                                            : std::vector<double>();
}

}  // namespace

int32_t Choice(const Eigen::Ref<const Eigen::RowVectorXd>& values) {
  int32_t best = 0;
  for (int32_t i = 1; i < values.size(); ++i) {
    if (values(i) > values(best)) {
      best = i;
    }
  }
  return best;
}

Accuracy ScoreTrials(const std::vector<TrialOutcome>& trials) {
  Fraction all;
  Fraction zero;
  Fraction non_zero;
  for (const TrialOutcome& trial : trials) {
    all.Add(trial.correct);
    (trial.coin_toss ? zero : non_zero).Add(trial.correct);
  }
  Accuracy accuracy;
  accuracy.accuracy_all = all.value();
  accuracy.accuracy = non_zero.value();
  accuracy.accuracy_zero = zero.value();
  return accuracy;
}

std::vector<double> SignedCoherences(const std::vector<double>& coherences) {
  std::vector<double> values;
  for (const double coherence : coherences) {
    values.push_back(coherence);
    values.push_back(-coherence);
  }
  std::sort(values.begin(), values.end());
  // Also joins 0 and -0, which compare equal.
  values.erase(std::unique(values.begin(), values.end()), values.end());
  for (double& value : values) {
    value = value == 0 ? 0.0 : value;
  }
  return values;
}

Matrix Psychometric(const std::vector<TrialOutcome>& trials,
                    const std::vector<double>& coherences) {
  const std::vector<double> conditions = SignedCoherences(coherences);
  Matrix curve(static_cast<int64_t>(conditions.size()), 3);
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    Fraction first;
    for (const TrialOutcome& trial : trials) {
      const double sign = trial.ground_truth == 0 ? 1 : -1;
      if (sign * trial.coherence == conditions[i]) {
        first.Add(trial.choice == 1);
      }
    }
    curve.row(static_cast<int64_t>(i)) << conditions[i],
        first.value().value_or(kNaN), static_cast<double>(first.count());
  }
  return curve;
}

Matrix PsychometricOfTasks(const Task& task,
                           const std::vector<TrialOutcome>& trials) {
  Matrix curves(PsychometricRows(task), 3);
  int64_t row = 0;
  for (int64_t i = 0; i < task.tasks(); ++i) {
    std::vector<TrialOutcome> own;
    for (const TrialOutcome& trial : trials) {
      if (trial.task == i) {
        own.push_back(trial);
        own.back().choice -= static_cast<int32_t>(task.first_output(i));
      }
    }
    const Matrix curve = Psychometric(own, CurveCoherences(task, i));
    curves.middleRows(row, curve.rows()) = curve;
    row += curve.rows();
  }
  return curves;
}

int64_t PsychometricRows(const Task& task) {
  int64_t rows = 0;
  for (int64_t i = 0; i < task.tasks(); ++i) {
    rows += PsychometricRows(task, i);
  }
  return rows;
}

int64_t PsychometricRows(const Task& task, int64_t i) {
  return static_cast<int64_t>(
      SignedCoherences(CurveCoherences(task, i)).size());
}

}  // namespace modbound
