// Trains a classifier of handwritten digits (support/digits.h), the last 999 of
// them held out, and prints steps a second of the step loop and the accuracy
// on those. Arguments: batch size, epochs, units of each hidden layer.
// classifier_bench.py has the peer.
#include <chrono>
#include <cstdlib>
#include <iostream>

#include "support/digits.h"

namespace modbound {
namespace {

constexpr int64_t kHeldOut = 999;

int Run(int count, char** arguments) {
  if (count < 3 || !HasDigits()) {
    std::cerr << "usage: classifier_bench BATCH EPOCHS [UNITS...], with "
              << DigitsFolder() << "\n";
    return 2;
  }
  const LabelledSamples digits = LoadDigits();
  const int64_t trained_on = digits.count() - kHeldOut;
  const auto split = digits.labels.begin() + trained_on;
  LabelledSamples train{digits.features.topRows(trained_on),
                        {digits.labels.begin(), split}};
  LabelledSamples held_out{digits.features.bottomRows(kHeldOut),
                           {split, digits.labels.end()}};
  ClassifierOptions options;
  options.batch_size = std::atoll(arguments[1]);
  options.epochs = std::atoll(arguments[2]);
  options.hidden.clear();
  for (int i = 3; i < count; ++i) {
    options.hidden.push_back(std::atoll(arguments[i]));
  }
  options.seconds = [] {
    return std::chrono::duration<double>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  };
  const auto trained = TrainClassifier(train, held_out, options, {});
  if (!trained.ok()) {
    std::cerr << trained.status() << "\n";
    return 1;
  }
  std::cout << trained->steps_per_second << " " << trained->accuracy.back()
            << "\n";
  return 0;
}

}  // namespace
}  // namespace modbound

int main(int count, char** arguments) {
  return modbound::Run(count, arguments);
}
