#include "core/training/adam.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace modbound {

template <typename Scalar>
Adam<Scalar>::Adam(const OptimizerOptions& options,
                   int64_t size,
                   std::vector<Span> spans)
    : options_(options),
      spans_(std::move(spans)),
      first_(Values::Zero(size)),
      second_(Values::Zero(size)) {}

template <typename Scalar>
void Adam<Scalar>::Step(double learning_rate,
                        const Values& gradient,
                        Values& parameters) {
  ++steps_;
  const auto t = static_cast<double>(steps_);
  const auto b1 = static_cast<Scalar>(options_.beta1);
  const auto b2 = static_cast<Scalar>(options_.beta2);
  // 1 - beta before rounding to float: 1 - 0.999f is off in the fifth digit.
  const auto c1 = static_cast<Scalar>(1 - options_.beta1);
  const auto c2 = static_cast<Scalar>(1 - options_.beta2);
  const auto step_size =
      static_cast<Scalar>(learning_rate / (1 - std::pow(options_.beta1, t)));
  const auto root_scale =
      static_cast<Scalar>(1 / std::sqrt(1 - std::pow(options_.beta2, t)));
  // One that Scalar rounds to 0 would make 0 / 0 of what has no gradient.
  const Scalar epsilon = std::max(static_cast<Scalar>(options_.epsilon),
                                  std::numeric_limits<Scalar>::min());
  const bool decays = options_.name == OptimizerName::kAdamW;
  const auto kept =
      static_cast<Scalar>(1 - learning_rate * options_.weight_decay);
  const Scalar* g = gradient.data();
  Scalar* m = first_.data();
  Scalar* v = second_.data();
  Scalar* theta = parameters.data();
  for (const Span& span : spans_) {
    if (decays) {
      parameters.segment(span.first, span.count) *= kept;
    }
    for (int64_t i = span.first; i < span.first + span.count; ++i) {
      m[i] = b1 * m[i] + c1 * g[i];
      v[i] = b2 * v[i] + c2 * (g[i] * g[i]);
      theta[i] -= step_size * m[i] / (std::sqrt(v[i]) * root_scale + epsilon);
    }
  }
}

template <typename Scalar>
void Adam<Scalar>::Save(StateWriter& state) const {
  state.AddInt(steps_);
  state.Add(first_.data(), first_.size());
  state.Add(second_.data(), second_.size());
}

template <typename Scalar>
bool Adam<Scalar>::Load(StateReader& state) {
  return state.left() >= StateBytes() && state.ReadInt(steps_) &&
         state.Read(first_.data(), first_.size()) &&
         state.Read(second_.data(), second_.size());
}

template <typename Scalar>
int64_t Adam<Scalar>::StateBytes() const {
  return static_cast<int64_t>(sizeof(steps_)) +
         (first_.size() + second_.size()) *
             static_cast<int64_t>(sizeof(Scalar));
}

template class Adam<float>;
template class Adam<double>;

}  // namespace modbound
