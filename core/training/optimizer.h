#ifndef MODBOUND_CORE_TRAINING_OPTIMIZER_H_
#define MODBOUND_CORE_TRAINING_OPTIMIZER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/matrix.h"
#include "core/base/saved_state.h"

namespace modbound {

enum class OptimizerName { kAdam, kAdamW, kSgd };

struct OptimizerOptions {
  OptimizerName name = OptimizerName::kAdam;
  // kAdam, kAdamW.
  double beta1 = 0.9;     // in [0, 1)
  double beta2 = 0.999;   // in [0, 1)
  double epsilon = 1e-8;  // > 0
  // kAdamW.
  double weight_decay = 0.01;  // >= 0
  // kSgd.
  double momentum = 0.9;  // in [0, 1)
  bool nesterov = false;  // needs momentum above 0
};

// Numbers [first, first + count) of a vector.
struct Span {
  int64_t first = 0;
  int64_t count = 0;
};

// A way downhill, on one flat vector of parameters. Scalar: float or double.
template <typename Scalar>
class Optimizer {
 public:
  using Values = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;

  virtual ~Optimizer() = default;

  // One step of `parameters`; allocates nothing. A parameter whose gradient has
  // always been 0 does not move, but for weight decay; one that is 0 stays 0.
  virtual void Step(double learning_rate,
                    const Values& gradient,
                    Values& parameters) = 0;

  // What it carries from step to step, for a checkpoint. Load: false, and
  // nothing changed, when `state` does not hold it.
  virtual void Save(StateWriter& state) const = 0;
  virtual bool Load(StateReader& state) = 0;
  // What Save adds.
  virtual int64_t StateBytes() const = 0;
};

// The optimiser that `options` names, for vectors of `size` numbers. It changes
// those of `spans` alone.
template <typename Scalar>
std::unique_ptr<Optimizer<Scalar>> MakeOptimizer(
    const OptimizerOptions& options, int64_t size, std::vector<Span> spans);

// Numbers that one carries for each parameter.
int64_t OptimizerStates(const OptimizerOptions& options);

extern template std::unique_ptr<Optimizer<float>> MakeOptimizer(
    const OptimizerOptions&, int64_t, std::vector<Span>);
extern template std::unique_ptr<Optimizer<double>> MakeOptimizer(
    const OptimizerOptions&, int64_t, std::vector<Span>);

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_OPTIMIZER_H_
