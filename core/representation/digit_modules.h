#ifndef MODBOUND_CORE_REPRESENTATION_DIGIT_MODULES_H_
#define MODBOUND_CORE_REPRESENTATION_DIGIT_MODULES_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/modules/partition.h"
#include "core/training/classifier.h"

namespace modbound {

inline constexpr int64_t kDigits = 10;

struct DigitModulesOptions {
  // Its classes are kDigits, its seed the one below.
  ClassifierOptions classifier;
  // Share of the images that test the classifier alone, in (0, 1).
  double held_out = 0.2;
  int64_t sets = 10;              // of each digit, >= 2
  int64_t samples_per_set = 100;  // >= 2
  PartitionOptions partition;     // of each set; its seed the one below
  uint64_t seed = 0;
};

struct DigitModules {
  double accuracy = 0;  // of the classifier on the held-out images
  // As the classifier was trained: the loss of each step, nats; and epochs x 2,
  // the step that each ended with and the accuracy then.
  std::vector<double> loss;
  Matrix accuracy_curve;
  // P = kDigits sets partitions of the N hidden units, set k of digit d at d
  // sets + k; -1 = silent in that set.
  std::vector<Labels> labels;
  // P x P, adjusted Rand index; 0, as by chance, of sets without a unit active
  // in both.
  Matrix ari;
  // Of each digit: two-sample t of the ARI of pairs of its sets against that of
  // its sets with those of all other digits, and its p. NaN where neither
  // varies.
  Vector t;
  Vector p;
  // The two digits whose sets have the largest mean ARI with each other, the
  // lower first; ties to the lower pair.
  std::array<int32_t, 2> most_similar_pair{};
  double most_similar_ari = 0;
  double within_ari = 0;   // mean over pairs of sets of one digit
  double between_ari = 0;  // of two digits
};

// How many of `images` images are held out: one at least, and not all.
// images >= 2.
int64_t HeldOutImages(int64_t images, double held_out);

// Which modules the hidden units of a classifier of digits form for each digit:
// trains the classifier on the images that are not held out, draws sets of
// images of each digit from them, and partitions for each set the correlation
// matrix of the hidden units (all hidden layers together, at least one).
// images: features of at least one value that is not 0, divided by the largest
// magnitude before use; labels 0 ... 9.
// Sets of a digit have no image in common as long as it has enough.
// Random: who is held out (seed, kDigitSets, 0), the sets of digit d (seed,
// kDigitSets, 1 + d), else see TrainClassifier and Partition. Threads: result
// independent of their number. Errors: those of TrainClassifier and Partition;
// OUT_OF_RANGE for "held_out", "sets", and "samples_per_set" when a digit has
// fewer images left; DEGENERATE for "images".
absl::StatusOr<DigitModules> ComputeDigitModules(
    const LabelledSamples& images,
    const DigitModulesOptions& options,
    const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_REPRESENTATION_DIGIT_MODULES_H_
