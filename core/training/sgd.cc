#include "core/training/sgd.h"

#include <utility>

namespace modbound {

template <typename Scalar>
Sgd<Scalar>::Sgd(const OptimizerOptions& options,
                 int64_t size,
                 std::vector<Span> spans)
    : momentum_(static_cast<Scalar>(options.momentum)),
      nesterov_(options.nesterov),
      spans_(std::move(spans)),
      velocity_(Values::Zero(options.momentum > 0 ? size : 0)) {}

template <typename Scalar>
void Sgd<Scalar>::Step(double learning_rate,
                       const Values& gradient,
                       Values& parameters) {
  const auto rate = static_cast<Scalar>(learning_rate);
  for (const Span& span : spans_) {
    const auto g = gradient.segment(span.first, span.count);
    auto theta = parameters.segment(span.first, span.count);
    if (velocity_.size() == 0) {
      theta -= rate * g;
      continue;
    }
    auto v = velocity_.segment(span.first, span.count);
    v = momentum_ * v + g;
    if (nesterov_) {
      theta -= rate * (g + momentum_ * v);
    } else {
      theta -= rate * v;
    }
  }
}

template <typename Scalar>
void Sgd<Scalar>::Save(StateWriter& state) const {
  state.Add(velocity_.data(), velocity_.size());
}

template <typename Scalar>
bool Sgd<Scalar>::Load(StateReader& state) {
  return state.Read(velocity_.data(), velocity_.size());
}

template <typename Scalar>
int64_t Sgd<Scalar>::StateBytes() const {
  return velocity_.size() * static_cast<int64_t>(sizeof(Scalar));
}

template class Sgd<float>;
template class Sgd<double>;

}  // namespace modbound
