#include "core/tasks/duration.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace modbound {

Duration Duration::Uniform(double low, double high) {
  Duration duration;
  duration.kind_ = Kind::kUniform;
  duration.low_ = low;
  duration.high_ = high;
  return duration;
}

Duration Duration::Choice(std::vector<double> choices) {
  Duration duration;
  duration.kind_ = Kind::kChoice;
  if (!choices.empty()) {
    const auto ends = std::minmax_element(choices.begin(), choices.end());
    duration.low_ = *ends.first;
    duration.high_ = *ends.second;
  }
  duration.choices_ = std::move(choices);
  return duration;
}

Duration Duration::TruncatedExponential(double mean, double low, double high) {
  Duration duration = Uniform(low, high);
  duration.kind_ = Kind::kTruncatedExponential;
  duration.mean_ = mean;
  duration.cut_ = std::expm1((low - high) / mean);
  return duration;
}

absl::Status Duration::Check(const std::string& field,
                             const std::string& name) const {
  const auto refuse = [&](const std::string& why) {
    return Refuse(reason::kOutOfRange, field, absl::StrCat(name, why));
  };
  if (kind_ == Kind::kChoice && choices_.empty()) {
    return refuse(" has no choices; at least one is needed");
  }
  const auto is_length = [](double ms) { return std::isfinite(ms) && ms >= 0; };
  for (const double ms : choices_) {
    if (!is_length(ms)) {
      return refuse(absl::StrCat(" may be ", ms, "; allowed: >= 0 ms"));
    }
  }
  for (const double ms : {low_, high_}) {
    if (!is_length(ms)) {
      return refuse(absl::StrCat(" is ", ms, "; allowed: >= 0 ms"));
    }
  }
  if (low_ > high_) {
    return refuse(absl::StrCat(
        " has min ", low_, " above max ", high_, "; allowed: min <= max"));
  }
  if (kind_ == Kind::kTruncatedExponential &&
      !(std::isfinite(mean_) && mean_ > 0)) {
    return refuse(absl::StrCat(" has mean ", mean_, "; allowed: > 0"));
  }
  return absl::OkStatus();
}

double Duration::Draw(RandomStream& random) const {
  switch (kind_) {
    case Kind::kUniform:
      return random.Uniform(low_, high_);
    case Kind::kChoice:
      return choices_[random.Index(choices_.size())];
    case Kind::kTruncatedExponential: {
      // Inverse of the distribution function, which has no memory: what lies
      // beyond `low` is exponential again.
      const double beyond = -mean_ * std::log1p(random.Uniform() * cut_);
      return std::clamp(low_ + beyond, low_, high_);
    }
    default:
      return low_;
  }
}

}  // namespace modbound
