#ifndef MODBOUND_CORE_TRAINING_ADAM_H_
#define MODBOUND_CORE_TRAINING_ADAM_H_

#include <cstdint>
#include <vector>

#include "core/base/matrix.h"
#include "core/base/saved_state.h"
#include "core/training/optimizer.h"

namespace modbound {

// Adam with bias correction (Kingma & Ba 2015, algorithm 1):
//   m = b1 m + (1-b1) g,  v = b2 v + (1-b2) g^2,
//   theta -= lr (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + epsilon).
// AdamW (Loshchilov & Hutter 2019) first shrinks every parameter, biases too,
// as PyTorch's does: theta -= lr weight_decay theta.
template <typename Scalar>
class Adam : public Optimizer<Scalar> {
 public:
  using typename Optimizer<Scalar>::Values;

  // options.name: kAdam or kAdamW.
  Adam(const OptimizerOptions& options, int64_t size, std::vector<Span> spans);

  void Step(double learning_rate,
            const Values& gradient,
            Values& parameters) override;
  // Steps taken and moments.
  void Save(StateWriter& state) const override;
  bool Load(StateReader& state) override;
  int64_t StateBytes() const override;

 private:
  OptimizerOptions options_;
  std::vector<Span> spans_;
  int64_t steps_ = 0;
  Values first_;   // m
  Values second_;  // v
};

extern template class Adam<float>;
extern template class Adam<double>;

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_ADAM_H_
