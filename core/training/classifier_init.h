#ifndef MODBOUND_CORE_TRAINING_CLASSIFIER_INIT_H_
#define MODBOUND_CORE_TRAINING_CLASSIFIER_INIT_H_

#include <cstdint>

#include "core/network/feedforward.h"
#include "core/training/classifier.h"

namespace modbound {

// The network before the first step of TrainClassifier: weights and biases of a
// layer that takes n units U(-1/sqrt(n), 1/sqrt(n)), as torch.nn.Linear has
// them.
FeedforwardNetwork InitialClassifier(int64_t features,
                                     const ClassifierOptions& options);

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_CLASSIFIER_INIT_H_
