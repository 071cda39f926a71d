#ifndef MODBOUND_CORE_TASKS_DURATION_H_
#define MODBOUND_CORE_TASKS_DURATION_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/base/random.h"

namespace modbound {

// Length of a period in ms: one number, or drawn anew for each trial.
class Duration {
 public:
  enum class Kind { kConstant, kUniform, kChoice, kTruncatedExponential };

  // One number. Most lengths are: hence no `explicit`.
  Duration(double ms = 0)  // NOLINT(google-explicit-constructor)
      : low_(ms), high_(ms) {}
  // Uniform in [low, high).
  static Duration Uniform(double low, double high);
  // Each with equal probability.
  static Duration Choice(std::vector<double> choices);
  // Exponential of this mean among the draws that lie in [low, high]; its own
  // mean is another.
  static Duration TruncatedExponential(double mean, double low, double high);

  // OUT_OF_RANGE for `field`, whose message calls the length `name`: a length
  // that is not finite or below 0, low above high, a mean that is not above 0,
  // no choices.
  absl::Status Check(const std::string& field, const std::string& name) const;

  // Draws; a constant takes nothing from `random`.
  double Draw(RandomStream& random) const;
  double shortest() const { return low_; }
  double longest() const { return high_; }
  bool is_random() const { return kind_ != Kind::kConstant; }
  Kind kind() const { return kind_; }
  const std::vector<double>& choices() const { return choices_; }
  // Of the exponential before it is cut.
  double mean() const { return mean_; }

 private:
  Kind kind_ = Kind::kConstant;
  double low_ = 0;
  double high_ = 0;
  double mean_ = 0;
  double cut_ = 0;  // minus the probability of [low, high] beyond low
  std::vector<double> choices_;
};

}  // namespace modbound

#endif  // MODBOUND_CORE_TASKS_DURATION_H_
