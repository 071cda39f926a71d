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

Accuracy ScoreTrials(const std::vector<TrialOutcome>& trials,
                     bool has_coherences) {
  Fraction all;
  Fraction zero;
  Fraction non_zero;
  for (const TrialOutcome& trial : trials) {
    all.Add(trial.correct);
    (trial.coherence == 0 ? zero : non_zero).Add(trial.correct);
  }
  Accuracy accuracy;
  accuracy.accuracy_all = all.value();
  accuracy.accuracy = has_coherences ? non_zero.value() : all.value();
  if (has_coherences) {
    accuracy.accuracy_zero = zero.value();
  }
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

}  // namespace modbound
