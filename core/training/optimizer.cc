#include "core/training/optimizer.h"

#include <utility>

#include "core/training/adam.h"
#include "core/training/sgd.h"

namespace modbound {

template <typename Scalar>
std::unique_ptr<Optimizer<Scalar>> MakeOptimizer(
    const OptimizerOptions& options, int64_t size, std::vector<Span> spans) {
  if (options.name == OptimizerName::kSgd) {
    return std::make_unique<Sgd<Scalar>>(options, size, std::move(spans));
  }
  return std::make_unique<Adam<Scalar>>(options, size, std::move(spans));
}

int64_t OptimizerStates(const OptimizerOptions& options) {
  if (options.name == OptimizerName::kSgd) {
    return options.momentum > 0 ? 1 : 0;
  }
  return 2;
}

template std::unique_ptr<Optimizer<float>> MakeOptimizer(
    const OptimizerOptions&, int64_t, std::vector<Span>);
template std::unique_ptr<Optimizer<double>> MakeOptimizer(
    const OptimizerOptions&, int64_t, std::vector<Span>);

}  // namespace modbound
