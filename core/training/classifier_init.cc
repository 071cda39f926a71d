#include "core/training/classifier_init.h"

#include <cmath>

#include "core/base/random.h"

namespace modbound {
namespace {

// In [-bound, bound), row by row.
Matrix DrawUniform(int64_t rows,
                   int64_t cols,
                   double bound,
                   RandomStream random) {
  Matrix values(rows, cols);
  for (int64_t i = 0; i < values.size(); ++i) {
    values.data()[i] = random.Uniform(-bound, bound);
  }
  return values;
}

}  // namespace

FeedforwardNetwork InitialClassifier(int64_t features,
                                     const ClassifierOptions& options) {
  std::vector<int64_t> units = options.hidden;
  units.push_back(options.classes);
  FeedforwardNetwork network;
  network.activation = options.activation;
  int64_t sources = features;
  uint64_t array = 0;
  const auto stream = [&] {
    return RandomStream(
        options.seed, RandomPurpose::kClassifierWeights, array++);
  };
  for (const int64_t count : units) {
    FeedforwardNetwork::Layer layer;
    const double bound = 1 / std::sqrt(static_cast<double>(sources));
    layer.weights = DrawUniform(count, sources, bound, stream());
    layer.bias = DrawUniform(count, 1, bound, stream());
    network.layers.push_back(std::move(layer));
    sources = count;
  }
  return network;
}

}  // namespace modbound
