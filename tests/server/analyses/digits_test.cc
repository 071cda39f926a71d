#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "gtest/gtest.h"
#include "server/analyses/network_cases.h"

namespace modbound {
namespace {

v1::Spec DigitSpec() {
  v1::Spec spec;
  v1::DigitsSpec& digits = *spec.mutable_digits();
  digits.add_hidden(9);
  digits.add_hidden(5);
  digits.set_sets(2);
  digits.set_samples_per_set(6);
  digits.set_runs(5);
  digits.set_epochs(3);
  return spec;
}

// 150 images of 3 x 4 pixels, as uploaded bytes would be.
InputArrays DigitArrays() {
  RandomStream random(4, RandomPurpose::kTrainingTrials, 0);
  std::vector<double> pixels;
  std::vector<int32_t> digits;
  for (int64_t s = 0; s < 150; ++s) {
    digits.push_back(static_cast<int32_t>(s % 10));
    for (int64_t i = 0; i < 12; ++i) {
      pixels.push_back(static_cast<double>(random.Index(100)) +
                       (i == s % 10 ? 150 : 0));
    }
  }
  InputArrays inputs;
  inputs["images"] = HostArray::FromDoubles(pixels, {150, 3, 4}, {});
  inputs["digits"] = HostArray::FromInts(digits, {150}, {});
  return inputs;
}

TEST(Digits, RunAsPlannedAtAnyThreadCount) {
  ExpectPlannedAndSameAtAnyThreadCount(DigitSpec(), DigitArrays());
}

TEST(Digits, FlatImagesAreTheSameImages) {
  InputArrays flat = DigitArrays();
  const Vector pixels = flat.at("images").ToVector();
  flat["images"] = HostArray::FromDoubles(
      {pixels.data(), pixels.data() + pixels.size()}, {150, 12}, {});
  const auto a = RunWithThreads(DigitSpec(), DigitArrays());
  const auto b = RunWithThreads(DigitSpec(), flat);
  ASSERT_TRUE(a.ok() && b.ok()) << a.status() << b.status();
  EXPECT_EQ(a->summary.SerializeAsString(), b->summary.SerializeAsString());
  EXPECT_EQ(a->outputs.at("labels").ToDoubles(),
            b->outputs.at("labels").ToDoubles());
  EXPECT_EQ(a->outputs.at("digit").ToDoubles()[7], 3);
  EXPECT_EQ(a->summary.digits().most_similar_pair_size(), 2);
  // Three epochs of 120 images: 64 and 56 a step.
  EXPECT_EQ(a->outputs.at("loss").shape(), (std::vector<int64_t>{6}));
  const std::vector<double> curve = a->outputs.at("accuracy_curve").ToDoubles();
  ASSERT_EQ(curve.size(), 6U);
  EXPECT_EQ(curve[0], 2);
  EXPECT_EQ(curve[2], 4);
  EXPECT_EQ(curve[4], 6);
  EXPECT_EQ(curve[5], a->summary.digits().accuracy());
}

TEST(Digits, OneLayerOfAHundredByDefault) {
  v1::Spec spec = DigitSpec();
  spec.mutable_digits()->clear_hidden();
  const auto plan = PlanJob(spec, InfosOf(DigitArrays()));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->outputs[0].shape, (std::vector<int64_t>{20, 100}));
}

TEST(Digits, NamesWhatItRefuses) {
  const auto refusal = [](const char* reason, const char* field) {
    return std::make_pair(std::string(reason), std::string(field));
  };
  v1::Spec spec = DigitSpec();
  spec.mutable_digits()->set_samples_per_set(15);
  EXPECT_EQ(SubmitRefusalOf(spec, DigitArrays()),
            refusal("CONTRADICTION", "spec.digits.samples_per_set"));
  // Enough in all, not of each digit once some are held out.
  spec.mutable_digits()->set_samples_per_set(14);
  EXPECT_EQ(RefusalOf(spec, DigitArrays()),
            refusal("OUT_OF_RANGE", "spec.digits.samples_per_set"));
  spec = DigitSpec();
  spec.mutable_digits()->clear_hidden();
  spec.mutable_digits()->add_hidden(1);
  EXPECT_EQ(SubmitRefusalOf(spec, DigitArrays()),
            refusal("DEGENERATE", "spec.digits.hidden"));
  spec = DigitSpec();
  spec.mutable_digits()->set_quality(v1::QualityFunction::CUSTOM);
  EXPECT_EQ(SubmitRefusalOf(spec, DigitArrays()),
            refusal("OUT_OF_RANGE", "spec.digits.quality"));
  InputArrays inputs = DigitArrays();
  inputs["digits"] =
      HostArray::FromInts(std::vector<int32_t>(150, 10), {150}, {});
  EXPECT_EQ(RefusalOf(DigitSpec(), inputs),
            refusal("OUT_OF_RANGE", "inputs.digits"));
  inputs = DigitArrays();
  inputs["images"] =
      HostArray::FromDoubles(std::vector<double>(150 * 12), {150, 12}, {});
  EXPECT_EQ(RefusalOf(DigitSpec(), inputs),
            refusal("DEGENERATE", "inputs.images"));
}

}  // namespace
}  // namespace modbound
