#ifndef MODBOUND_CORE_TRAINING_SGD_H_
#define MODBOUND_CORE_TRAINING_SGD_H_

#include <cstdint>
#include <vector>

#include "core/base/matrix.h"
#include "core/base/saved_state.h"
#include "core/training/optimizer.h"

namespace modbound {

// Gradient descent with momentum mu, in PyTorch's form (Sutskever et al. 2013
// put the learning rate into v, which differs where the rate changes):
//   v = mu v + g,   theta -= lr v;   nesterov: theta -= lr (g + mu v).
// v = 0 at the start; mu = 0: theta -= lr g, and no v is held.
template <typename Scalar>
class Sgd : public Optimizer<Scalar> {
 public:
  using typename Optimizer<Scalar>::Values;

  Sgd(const OptimizerOptions& options, int64_t size, std::vector<Span> spans);

  void Step(double learning_rate,
            const Values& gradient,
            Values& parameters) override;
  // v.
  void Save(StateWriter& state) const override;
  bool Load(StateReader& state) override;
  int64_t StateBytes() const override;

 private:
  Scalar momentum_;
  bool nesterov_;
  std::vector<Span> spans_;
  Values velocity_;  // v; empty without momentum
};

extern template class Sgd<float>;
extern template class Sgd<double>;

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_SGD_H_
