#include "core/training/classifier_init.h"

#include <cmath>

#include "core/base/random.h"

namespace modbound {
namespace {

// Row by row.
Matrix DrawWeights(ClassifierInit init,
                   int64_t units,
                   int64_t sources,
                   RandomStream random) {
  const auto n = static_cast<double>(sources);
  const auto m = static_cast<double>(units);
  Matrix weights(units, sources);
  const double bound = init == ClassifierInit::kGlorot ? std::sqrt(6 / (n + m))
                                                       : 1 / std::sqrt(n);
  const double sd = std::sqrt(2 / n);
  for (int64_t i = 0; i < weights.size(); ++i) {
    weights.data()[i] = init == ClassifierInit::kHe
                            ? sd * random.Normal()
                            : random.Uniform(-bound, bound);
  }
  return weights;
}

Vector DrawBias(ClassifierInit init,
                int64_t units,
                int64_t sources,
                RandomStream random) {
  Vector bias = Vector::Zero(units);
  const double bound = 1 / std::sqrt(static_cast<double>(sources));
  for (int64_t i = 0; init == ClassifierInit::kFanIn && i < units; ++i) {
    bias(i) = random.Uniform(-bound, bound);
  }
  return bias;
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
    layer.weights = DrawWeights(options.init, count, sources, stream());
    layer.bias = DrawBias(options.init, count, sources, stream());
    network.layers.push_back(std::move(layer));
    sources = count;
  }
  return network;
}

}  // namespace modbound
