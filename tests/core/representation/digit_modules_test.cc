#include "core/representation/digit_modules.h"

#include <iostream>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/modules/compare.h"
#include "core/statistics/t_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/digits.h"
#include "support/memory_checkpoint.h"

namespace modbound {
namespace {

// Each digit a direction of its own, in noise; 4 and 9 nearly the same one.
LabelledSamples ToyDigits(int64_t of_each) {
  RandomStream random(1, RandomPurpose::kTrainingTrials, 0);
  LabelledSamples images;
  images.features.resize(kDigits * of_each, 12);
  for (int64_t s = 0; s < images.features.rows(); ++s) {
    const int64_t digit = s % kDigits;
    for (int64_t f = 0; f < 12; ++f) {
      images.features(s, f) = 50 * random.Uniform();
    }
    images.features(s, digit == 9 ? 4 : digit) += 200;
    images.features(s, 10) += digit == 9 ? 60 : 0;
    images.labels.push_back(static_cast<int32_t>(digit));
  }
  return images;
}

DigitModulesOptions SmallOptions() {
  DigitModulesOptions options;
  options.classifier.hidden = {20};
  options.classifier.epochs = 20;
  options.classifier.learning_rate = 0.01;
  options.sets = 3;
  options.samples_per_set = 30;
  options.partition.runs = 10;
  options.seed = 2;
  return options;
}

TEST(DigitModules, AreThoseOfTheirPartitions) {
  const auto found = ComputeDigitModules(ToyDigits(120), SmallOptions(), {});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_GT(found->accuracy, 0.95);
  ASSERT_EQ(found->labels.size(), 30u);
  for (std::size_t a = 0; a < 30; ++a) {
    EXPECT_EQ(found->labels[a].size(), 20u);
    for (std::size_t b = 0; b < 30; ++b) {
      EXPECT_NEAR(found->ari(static_cast<int64_t>(a), static_cast<int64_t>(b)),
                  AdjustedRandIndex(found->labels[a], found->labels[b]),
                  1e-12);
    }
  }
  // Digit 7 by hand: 3 pairs of its own, 3 x 27 with others.
  std::vector<double> own;
  std::vector<double> others;
  for (int64_t a = 21; a < 24; ++a) {
    for (int64_t b = 0; b < 30; ++b) {
      if (b < 21 || b >= 24) {
        others.push_back(found->ari(a, b));
      } else if (b > a) {
        own.push_back(found->ari(a, b));
      }
    }
  }
  const auto test = StudentTTest(Eigen::Map<Vector>(own.data(), 3),
                                 Eigen::Map<Vector>(others.data(), 81));
  ASSERT_TRUE(test.ok());
  EXPECT_NEAR(found->t(7), test->t, 1e-9);
  EXPECT_NEAR(found->p(7), test->p, 1e-9);
  // The pair with the largest mean.
  const auto mean_of = [&](int64_t a, int64_t b) {
    return found->ari.block(3 * a, 3 * b, 3, 3).mean();
  };
  const auto [one, other] = found->most_similar_pair;
  EXPECT_LT(one, other);
  EXPECT_NEAR(found->most_similar_ari, mean_of(one, other), 1e-12);
  for (int64_t a = 0; a < kDigits; ++a) {
    for (int64_t b = a + 1; b < kDigits; ++b) {
      EXPECT_LE(mean_of(a, b), found->most_similar_ari + 1e-12);
    }
  }
}

TEST(DigitModules, DoNotDependOnTheScaleOfTheImages) {
  LabelledSamples images = ToyDigits(60);
  DigitModulesOptions options = SmallOptions();
  options.samples_per_set = 10;
  const auto found = ComputeDigitModules(images, options, {});
  images.features *= 1.0 / 1024;
  const auto scaled = ComputeDigitModules(images, options, {});
  ASSERT_TRUE(found.ok() && scaled.ok());
  EXPECT_EQ(found->labels, scaled->labels);
}

TEST(DigitModules, GoOnFromACheckpointAtAnyThreadCount) {
  const LabelledSamples images = ToyDigits(40);
  DigitModulesOptions options = SmallOptions();
  options.classifier.epochs = 2;
  options.samples_per_set = 10;
  options.sets = 2;
  ExpectGoesOn(
      [&](const Execution& execution) -> absl::StatusOr<std::string> {
        MODBOUND_ASSIGN_OR_RETURN(
            const DigitModules found,
            ComputeDigitModules(images, options, execution));
        std::string bytes;
        for (const Labels& labels : found.labels) {
          AppendBytes(labels.data(), 20, bytes);
        }
        AppendBytes(found.ari, bytes);
        AppendBytes(found.t, bytes);
        return bytes;
      },
      20);
}

TEST(DigitModules, NamesWhatItRefuses) {
  const LabelledSamples images = ToyDigits(20);
  const auto refused = [&](const DigitModulesOptions& options) {
    return FieldOf(ComputeDigitModules(images, options, {}).status());
  };
  EXPECT_EQ(refused(SmallOptions()), "samples_per_set");
  DigitModulesOptions options = SmallOptions();
  options.sets = 1;
  EXPECT_EQ(refused(options), "sets");
  options = SmallOptions();
  options.held_out = 1;
  EXPECT_EQ(refused(options), "held_out");
  options = SmallOptions();
  options.classifier.hidden = {};
  EXPECT_EQ(refused(options), "hidden");
}

TEST(DigitModules, TellHandwrittenDigitsApart) {
  if (!HasDigits()) {
    GTEST_SKIP() << "no " << DigitsFolder();
  }
  DigitModulesOptions options;
  options.sets = 5;
  options.samples_per_set = 70;
  options.partition.runs = 20;
  options.seed = 1;
  Execution two;
  two.threads = 2;
  const auto found = ComputeDigitModules(LoadDigits(), options, two);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_GT(found->accuracy, 0.9);
  // The paper's finding: partitions are more alike within a digit.
  EXPECT_GT(found->within_ari, found->between_ari);
  for (int64_t digit = 0; digit < kDigits; ++digit) {
    EXPECT_GT(found->t(digit), 0) << digit;
    EXPECT_LT(found->p(digit), 0.05) << digit;
  }
  std::cout << "accuracy " << found->accuracy << ", most similar "
            << found->most_similar_pair[0] << " " << found->most_similar_pair[1]
            << ", ARI within " << found->within_ari << ", between "
            << found->between_ari << "\n";
}

}  // namespace
}  // namespace modbound
