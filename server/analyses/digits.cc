#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/modules/optimiser.h"
#include "core/representation/digit_modules.h"
#include "server/analyses/analysis.h"
#include "server/analyses/network_inputs.h"
#include "server/analyses/optimizer_spec.h"
#include "server/analyses/plan_estimates.h"
#include "server/analyses/quality_options.h"
#include "server/analyses/registry.h"

namespace modbound {
namespace {

constexpr int32_t kHiddenUnits = 100;

ClassifierOptions ClassifierOf(const v1::DigitsSpec& spec) {
  ClassifierOptions options;
  options.classes = kDigits;
  options.hidden.assign(spec.hidden().begin(), spec.hidden().end());
  options.activation = ActivationOf(spec.activation());
  options.epochs = spec.epochs();
  options.batch_size = spec.batch_size();
  options.learning_rate = spec.learning_rate();
  options.precision = PrecisionOf(spec.precision());
  return options;
}

int64_t HiddenUnitsOf(const v1::DigitsSpec& spec) {
  int64_t units = 0;
  for (const int32_t layer : spec.hidden()) {
    units += layer;
  }
  return units;
}

absl::Status CheckDigitInputs(const v1::DigitsSpec& spec,
                              const InputInfos& inputs) {
  MODBOUND_RETURN_IF_ERROR(RefuseCustom(spec.quality()));
  if (HiddenUnitsOf(spec) < 2) {
    return Refuse(reason::kDegenerate,
                  "hidden",
                  "hidden is one unit; a partition needs at least 2");
  }
  const InputInfo& digits = inputs.at("digits");
  if (digits.facts.has_value() &&
      (digits.facts->min() < 0 || digits.facts->max() >= kDigits)) {
    return Refuse(reason::kOutOfRange,
                  "inputs.digits",
                  absl::StrCat("inputs.digits has values from ",
                               digits.facts->min(),
                               " to ",
                               digits.facts->max(),
                               "; allowed: 0 ... 9"));
  }
  const int64_t S = digits.shape[0];
  const int64_t least = kDigits * spec.samples_per_set();
  if (S >= 0 && S <= least) {
    return Refuse(reason::kContradiction,
                  "samples_per_set",
                  absl::StrCat("samples_per_set is ",
                               spec.samples_per_set(),
                               "; sets of ten digits and one held-out image "
                               "need more than the ",
                               S,
                               " given"));
  }
  const InputInfo& images = inputs.at("images");
  if (images.facts.has_value() && images.facts->min() == 0 &&
      images.facts->max() == 0) {
    return Refuse(
        reason::kDegenerate, "inputs.images", "inputs.images is all zero");
  }
  return absl::OkStatus();
}

// Of the classifier's training; -1 = not known before the images are.
int64_t StepsOf(const v1::DigitsSpec& spec, const InputInfos& inputs) {
  const int64_t S = inputs.at("digits").shape[0];
  if (S < 0) {
    return -1;
  }
  const int64_t trained = S - HeldOutImages(S, spec.held_out());
  return spec.epochs() *
         ((trained + spec.batch_size() - 1) / spec.batch_size());
}

absl::StatusOr<Plan> PlanDigits(v1::Spec& spec, const InputInfos& inputs) {
  v1::DigitsSpec& digits = *spec.mutable_digits();
  if (digits.hidden().empty()) {
    digits.add_hidden(kHiddenUnits);
  }
  MODBOUND_RETURN_IF_ERROR(CheckDigitInputs(digits, inputs));
  const int64_t N = HiddenUnitsOf(digits);
  const int64_t P = kDigits * digits.sets();
  const DTypeEnum f8 = v1::DType::FLOAT64;
  const DTypeEnum i4 = v1::DType::INT32;
  Plan plan;
  plan.outputs = {{"labels", i4, {P, N}, {"set", "unit"}},
                  {"digit", i4, {P}, {"set"}},
                  {"ari", f8, {P, P}, {"set", "set"}},
                  {"t", f8, {kDigits}, {"digit"}},
                  {"p", f8, {kDigits}, {"digit"}},
                  {"loss", f8, {StepsOf(digits, inputs)}, {"step"}},
                  {"accuracy_curve",
                   f8,
                   {digits.epochs(), 2},
                   {"evaluation", "step_accuracy"}}};
  plan.max_threads = ThreadsFor(P);
  const double pixels = ElementsOf(inputs, "images");
  const double S = std::max(ElementsOf(inputs, "digits"), 1.0);
  const auto n = static_cast<double>(N);
  const auto p = static_cast<double>(P);
  const auto samples = static_cast<int64_t>(S);
  // Images as they came, as doubles, and split; the classifier; hidden
  // activity with the states it is made of; labels and ARI, twice.
  plan.memory_bytes = BytesOf(InputBytes(inputs, "images") +
                              InputBytes(inputs, "digits") + 16 * pixels +
                              ClassifierBytes(static_cast<int64_t>(pixels / S),
                                              samples,
                                              samples,
                                              ClassifierOf(digits)) +
                              16 * S * n + 2 * p * (4 * n + 8 * p));
  // A set, its correlation with copies on the way to its quality matrix, runs
  // and what one of them works in.
  plan.thread_bytes =
      BytesOf(8 * n * digits.samples_per_set() + 5 * 8 * n * n +
              4 * n * static_cast<double>(digits.runs()) +
              static_cast<double>(OptimiserWorkBytes(Algorithm::kLeiden, N)));
  return plan;
}

LabelledSamples ImagesOf(const InputArrays& inputs) {
  const HostArray& digits = inputs.at("digits");
  LabelledSamples images;
  images.labels = digits.ToLabels();
  const auto S = static_cast<int64_t>(images.labels.size());
  const Vector pixels = inputs.at("images").ToVector();
  images.features =
      Eigen::Map<const Matrix>(pixels.data(), S, pixels.size() / S);
  return images;
}

absl::StatusOr<Outcome> RunDigits(const v1::Spec& spec,
                                  const InputArrays& inputs,
                                  const Execution& execution) {
  const v1::DigitsSpec& digits = spec.digits();
  DigitModulesOptions options;
  options.classifier = ClassifierOf(digits);
  options.held_out = digits.held_out();
  options.sets = digits.sets();
  options.samples_per_set = digits.samples_per_set();
  options.partition.quality.function = ToCore(digits.quality());
  options.partition.runs = digits.runs();
  options.seed = digits.seed();
  MODBOUND_ASSIGN_OR_RETURN(
      const DigitModules found,
      ComputeDigitModules(ImagesOf(inputs), options, execution));
  Outcome outcome;
  v1::DigitsSummary& summary = *outcome.summary.mutable_digits();
  summary.set_accuracy(found.accuracy);
  for (const int32_t digit : found.most_similar_pair) {
    summary.add_most_similar_pair(digit);
  }
  summary.set_most_similar_ari(found.most_similar_ari);
  summary.set_within_ari(found.within_ari);
  summary.set_between_ari(found.between_ari);
  const auto P = static_cast<int64_t>(found.labels.size());
  Labels labels;
  Labels digit;
  for (const Labels& set : found.labels) {
    digit.push_back(static_cast<int32_t>(static_cast<int64_t>(digit.size()) /
                                         digits.sets()));
    labels.insert(labels.end(), set.begin(), set.end());
  }
  outcome.outputs["labels"] =
      HostArray::FromInts(labels, {P, HiddenUnitsOf(digits)}, {"set", "unit"});
  outcome.outputs["digit"] = HostArray::FromInts(digit, {P}, {"set"});
  outcome.outputs["ari"] = HostArray::FromMatrix(found.ari, {"set", "set"});
  outcome.outputs["t"] = HostArray::FromVector(found.t, {"digit"});
  outcome.outputs["p"] = HostArray::FromVector(found.p, {"digit"});
  outcome.outputs["loss"] = HostArray::FromDoubles(
      found.loss, {static_cast<int64_t>(found.loss.size())}, {"step"});
  outcome.outputs["accuracy_curve"] = HostArray::FromMatrix(
      found.accuracy_curve, {"evaluation", "step_accuracy"});
  return outcome;
}

}  // namespace

Analysis DigitsAnalysis() {
  const DTypeEnum f8 = v1::DType::FLOAT64;
  const DTypeEnum i4 = v1::DType::INT32;
  Analysis analysis;
  analysis.kind = "digits";
  analysis.inputs = {{.name = "images",
                      .axes = {"S", "F"},
                      .comment = "Images of digits, a row each.",
                      .more_axes = {{"S", "H", "W"}}},
                     {.name = "digits",
                      .axes = {"S"},
                      .comment = "Which digit each image is, 0 ... 9.",
                      .labels = true}};
  analysis.outputs = {
      {"labels",
       {"P", "N"},
       i4,
       "Modules of the hidden units in each set; -1 = silent in it."},
      {"digit", {"P"}, i4, "Digit of each set."},
      {"ari", {"P", "P"}, f8, "Adjusted Rand index of each pair of sets."},
      {"t",
       {"digit"},
       f8,
       "ARI of pairs of a digit's sets against that with other digits' sets; "
       "NaN where neither varies."},
      {"p", {"digit"}, f8, "Its two-sided p; NaN where t is."},
      {"loss",
       {"steps"},
       f8,
       "Loss of each step of the classifier before its update, nats."},
      {"accuracy_curve",
       {"epochs", "2"},
       f8,
       "Step that each epoch ended with, fraction right of the held-out images "
       "then."}};
  analysis.example_spec =
      R"({"hidden": [64], "sets": 4, "samples_per_set": 5})";
  analysis.plan = PlanDigits;
  analysis.run = RunDigits;
  return analysis;
}

}  // namespace modbound
