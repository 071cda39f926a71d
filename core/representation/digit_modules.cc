#include "core/representation/digit_modules.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/kept_blocks.h"
#include "core/base/progress_counter.h"
#include "core/base/random.h"
#include "core/modules/compare.h"
#include "core/modules/similarity.h"
#include "core/network/feedforward.h"
#include "core/statistics/t_test.h"

namespace modbound {
namespace {

using Indices = std::vector<int64_t>;

absl::Status CheckDigits(const LabelledSamples& images,
                         const DigitModulesOptions& options) {
  const auto refuse = [](const char* field, double value, const char* allowed) {
    return Refuse(reason::kOutOfRange,
                  field,
                  absl::StrCat(field, " is ", value, "; allowed: ", allowed));
  };
  if (!(options.held_out > 0 && options.held_out < 1)) {
    return refuse("held_out", options.held_out, "> 0, < 1");
  }
  if (options.sets < 2) {
    return refuse("sets", static_cast<double>(options.sets), ">= 2");
  }
  if (options.samples_per_set < 2) {
    return refuse("samples_per_set",
                  static_cast<double>(options.samples_per_set),
                  ">= 2");
  }
  if (options.classifier.hidden.empty()) {
    return Refuse(reason::kOutOfRange,
                  "hidden",
                  "hidden is empty; modules need at least one hidden layer");
  }
  if (images.count() < 2) {
    return Refuse(reason::kDegenerate,
                  "images",
                  "there are fewer than two images; one must be held out");
  }
  if ((images.features.array() == 0).all()) {
    return Refuse(reason::kDegenerate, "images", "every image is all zero");
  }
  return absl::OkStatus();
}

LabelledSamples Chosen(const LabelledSamples& images,
                       const Indices& chosen,
                       double largest) {
  LabelledSamples samples;
  samples.features = images.features(chosen, Eigen::all) / largest;
  for (const int64_t image : chosen) {
    samples.labels.push_back(images.labels[static_cast<std::size_t>(image)]);
  }
  return samples;
}

// Images trained on, then those held out; at least one of each.
std::pair<Indices, Indices> Split(int64_t count,
                                  const DigitModulesOptions& options) {
  Indices order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), int64_t{0});
  RandomStream random(options.seed, RandomPurpose::kDigitSets, 0);
  random.Shuffle(order);
  const auto middle = order.end() - HeldOutImages(count, options.held_out);
  return {{order.begin(), middle}, {middle, order.end()}};
}

// Epochs have the same number of steps.
Matrix AccuracyCurve(const TrainedClassifier& trained) {
  const auto epochs = static_cast<int64_t>(trained.accuracy.size());
  const int64_t steps = trained.steps / epochs;  // of one
  Matrix curve(epochs, 2);
  for (int64_t e = 0; e < epochs; ++e) {
    curve.row(e) << static_cast<double>(steps * (e + 1)),
        trained.accuracy[static_cast<std::size_t>(e)];
  }
  return curve;
}

// Sets of one digit out of `images`, its images: one stretch of a random order
// after another, in a new order when too few are left.
std::vector<Indices> DrawSets(Indices images,
                              const DigitModulesOptions& options,
                              RandomStream random) {
  const int64_t size = options.samples_per_set;
  std::vector<Indices> sets;
  auto next = images.end();
  for (int64_t k = 0; k < options.sets; ++k) {
    if (images.end() - next < size) {
      random.Shuffle(images);
      next = images.begin();
    }
    sets.emplace_back(next, next + size);
    next += size;
  }
  return sets;
}

// Rows of every digit's sets in `train`, digit after digit.
absl::StatusOr<std::vector<Indices>> DrawAllSets(
    const LabelledSamples& train, const DigitModulesOptions& options) {
  std::vector<Indices> all;
  for (int64_t digit = 0; digit < kDigits; ++digit) {
    Indices images;
    for (int64_t s = 0; s < train.count(); ++s) {
      if (train.labels[static_cast<std::size_t>(s)] == digit) {
        images.push_back(s);
      }
    }
    const auto count = static_cast<int64_t>(images.size());
    if (count < options.samples_per_set) {
      return Refuse(reason::kOutOfRange,
                    "samples_per_set",
                    absl::StrCat("samples_per_set is ",
                                 options.samples_per_set,
                                 "; digit ",
                                 digit,
                                 " has ",
                                 count,
                                 " images that are not held out"));
    }
    for (Indices& set :
         DrawSets(std::move(images),
                  options,
                  RandomStream(options.seed,
                               RandomPurpose::kDigitSets,
                               static_cast<uint64_t>(1 + digit)))) {
      all.push_back(std::move(set));
    }
  }
  return all;
}

// Activity of all hidden units: S x N.
absl::StatusOr<Matrix> HiddenActivity(const FeedforwardNetwork& network,
                                      const Matrix& features,
                                      const Execution& execution) {
  MODBOUND_ASSIGN_OR_RETURN(const std::vector<Matrix> states,
                            RunFeedforward(network, features, execution));
  int64_t units = 0;
  for (std::size_t l = 0; l + 1 < states.size(); ++l) {
    units += states[l].cols();
  }
  Matrix hidden(features.rows(), units);
  int64_t first = 0;
  for (std::size_t l = 0; l + 1 < states.size(); ++l) {
    hidden.middleCols(first, states[l].cols()) = states[l];
    first += states[l].cols();
  }
  return hidden;
}

// Sets in parallel, each on one thread.
absl::StatusOr<std::vector<Labels>> PartitionSets(
    const Matrix& hidden,
    const std::vector<Indices>& sets,
    const DigitModulesOptions& options,
    const Execution& execution) {
  const int64_t N = hidden.cols();
  const auto P = static_cast<int64_t>(sets.size());
  Labels all(static_cast<std::size_t>(P * N));
  PartitionOptions partition = options.partition;
  partition.seed = options.seed;
  Execution alone = WithoutProgress(execution);
  alone.threads = 1;
  KeptBlocks blocks;
  blocks.phase = "partitions of sets";
  blocks.unit = "sets";
  blocks.count = P;
  KeepArray(all.data(), N, blocks);
  MODBOUND_RETURN_IF_ERROR(RunKeptBlocks(
      blocks, execution, [&](int64_t set, int64_t) -> absl::Status {
        const Matrix activity =
            hidden(sets[static_cast<std::size_t>(set)], Eigen::all);
        MODBOUND_ASSIGN_OR_RETURN(const SimilarityMatrix correlation,
                                  CorrelationOfColumns(activity, alone));
        MODBOUND_ASSIGN_OR_RETURN(const Labels labels,
                                  ModulesOf(correlation, partition, alone));
        std::copy(labels.begin(), labels.end(), all.begin() + set * N);
        return absl::OkStatus();
      }));
  std::vector<Labels> labels;
  for (int64_t set = 0; set < P; ++set) {
    labels.emplace_back(all.begin() + set * N, all.begin() + (set + 1) * N);
  }
  return labels;
}

Matrix AllPairs(const std::vector<Labels>& labels) {
  ComparisonOptions options;
  options.ami = false;
  const PartitionComparer comparer(labels, options);
  const auto P = static_cast<int64_t>(labels.size());
  Matrix ari(P, P);
  for (int64_t a = 0; a < P; ++a) {
    for (int64_t b = a; b < P; ++b) {
      const PartitionComparison pair = comparer.Compare(
          static_cast<std::size_t>(a), static_cast<std::size_t>(b));
      ari(a, b) = ari(b, a) = pair.units > 0 ? pair.ari : 0;
    }
  }
  return ari;
}

// Fills t, p and the most similar pair from `ari`.
absl::Status TestDigits(int64_t sets, DigitModules& result) {
  result.t.resize(kDigits);
  result.p.resize(kDigits);
  result.most_similar_ari = -std::numeric_limits<double>::infinity();
  for (int64_t d = 0; d < kDigits; ++d) {
    const auto rows = result.ari.middleRows(d * sets, sets);
    std::vector<double> within;
    for (int64_t a = 0; a < sets; ++a) {
      for (int64_t b = a + 1; b < sets; ++b) {
        within.push_back(rows(a, d * sets + b));
      }
    }
    Matrix between(sets, (kDigits - 1) * sets);
    between << rows.leftCols(d * sets),
        rows.rightCols((kDigits - 1 - d) * sets);
    const Eigen::Map<const Vector> own(within.data(),
                                       static_cast<int64_t>(within.size()));
    const Eigen::Map<const Vector> others(between.data(), between.size());
    MODBOUND_ASSIGN_OR_RETURN(const TTest test, StudentTTest(own, others));
    result.t(d) = test.t;
    result.p(d) = test.p;
    result.within_ari += own.mean() / kDigits;
    result.between_ari += others.mean() / kDigits;
    for (int64_t other = d + 1; other < kDigits; ++other) {
      const double mean = rows.middleCols(other * sets, sets).mean();
      if (mean > result.most_similar_ari) {
        result.most_similar_ari = mean;
        result.most_similar_pair = {static_cast<int32_t>(d),
                                    static_cast<int32_t>(other)};
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

int64_t HeldOutImages(int64_t images, double held_out) {
  return std::clamp<int64_t>(
      std::llround(held_out * static_cast<double>(images)), 1, images - 1);
}

absl::StatusOr<DigitModules> ComputeDigitModules(
    const LabelledSamples& images,
    const DigitModulesOptions& options,
    const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckDigits(images, options));
  const double largest = images.features.cwiseAbs().maxCoeff();
  const auto [trained_on, left_out] = Split(images.count(), options);
  const LabelledSamples train = Chosen(images, trained_on, largest);
  const LabelledSamples held_out = Chosen(images, left_out, largest);
  // What cannot be drawn is refused before the training.
  MODBOUND_ASSIGN_OR_RETURN(const std::vector<Indices> sets,
                            DrawAllSets(train, options));
  ClassifierOptions classifier = options.classifier;
  classifier.classes = kDigits;
  classifier.seed = options.seed;
  MODBOUND_ASSIGN_OR_RETURN(
      TrainedClassifier trained,
      TrainClassifier(train, held_out, classifier, execution));
  DigitModules result;
  result.accuracy = trained.accuracy.back();
  result.accuracy_curve = AccuracyCurve(trained);
  result.loss = std::move(trained.loss);
  MODBOUND_ASSIGN_OR_RETURN(
      const Matrix hidden,
      HiddenActivity(trained.network, train.features, execution));
  MODBOUND_ASSIGN_OR_RETURN(result.labels,
                            PartitionSets(hidden, sets, options, execution));
  result.ari = AllPairs(result.labels);
  MODBOUND_RETURN_IF_ERROR(TestDigits(options.sets, result));
  return result;
}

}  // namespace modbound
