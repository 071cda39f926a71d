#include "server/analyses/field_rules.h"

#include <limits>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "modbound/v1/job.pb.h"

namespace modbound {
namespace {

TEST(FieldRules, UnsetFieldsGetTheirDefaults) {
  v1::TrainSpec spec;
  spec.mutable_task()->set_name(v1::Task::GO_NOGO);
  ASSERT_TRUE(ApplyFieldRules(spec, "spec.train.").ok());
  EXPECT_EQ(spec.model().hidden_size(), 100);
  EXPECT_EQ(spec.model().activation(), v1::Activation::RELU);
  EXPECT_EQ(spec.optimizer().name(), v1::Optimizer::ADAM);
  EXPECT_EQ(spec.target_accuracy(), 0.95);
  EXPECT_EQ(spec.max_steps(), 10000);
  EXPECT_EQ(spec.precision(), v1::Precision::FLOAT32);
  EXPECT_TRUE(spec.has_seed());
}

TEST(FieldRules, WrittenZeroIsCheckedAndNamed) {
  v1::TrainSpec spec;
  spec.mutable_task()->set_name(v1::Task::GO_NOGO);
  spec.set_batch_size(0);
  const absl::Status status = ApplyFieldRules(spec, "spec.train.");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "OUT_OF_RANGE");
  EXPECT_EQ(FieldOf(status), "spec.train.batch_size");
  EXPECT_EQ(status.message(),
            "spec.train.batch_size is 0; allowed: >= 1, <= 4096");
}

TEST(FieldRules, NanIsOutOfEveryRange) {
  v1::QualitySpec spec;
  spec.set_gamma(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(FieldOf(ApplyFieldRules(spec, "")), "gamma");
}

TEST(FieldRules, ExclusiveBoundsExcludeTheBound) {
  v1::QualitySpec spec;
  spec.set_gamma(0);
  EXPECT_EQ(ReasonOf(ApplyFieldRules(spec, "")), "OUT_OF_RANGE");
  spec.set_gamma(1e-300);
  EXPECT_TRUE(ApplyFieldRules(spec, "").ok());
}

TEST(FieldRules, UnspecifiedAndUnknownEnumNumbersAreRefused) {
  v1::QualitySpec spec;
  spec.set_quality(v1::QualityFunction::UNSPECIFIED);
  EXPECT_EQ(FieldOf(ApplyFieldRules(spec, "")), "quality");
  spec.set_quality(static_cast<v1::QualityFunction::Name>(77));
  EXPECT_EQ(ReasonOf(ApplyFieldRules(spec, "")), "OUT_OF_RANGE");
}

TEST(FieldRules, MissingRequiredFieldIsNamed) {
  v1::TrainSpec spec;
  spec.mutable_task();
  const absl::Status status = ApplyFieldRules(spec, "spec.train.");
  EXPECT_EQ(ReasonOf(status), "MISSING_FIELD");
  EXPECT_EQ(FieldOf(status), "spec.train.task.name");
}

TEST(FieldRules, ElementsOfListsAreChecked) {
  v1::TrainSpec spec;
  spec.mutable_task()->set_name(v1::Task::PERCEPTUAL_DECISION_MAKING);
  spec.mutable_task()->add_coherences(5);
  spec.mutable_task()->add_coherences(101);
  EXPECT_EQ(FieldOf(ApplyFieldRules(spec, "")), "task.coherences[1]");
}

TEST(FieldRules, TooLongListsAreRefused) {
  v1::TrainSpec spec;
  spec.mutable_task()->set_name(v1::Task::PERCEPTUAL_DECISION_MAKING);
  for (int i = 0; i <= 100; ++i) {
    spec.mutable_task()->add_coherences(1);
  }
  const absl::Status status = ApplyFieldRules(spec, "");
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), "TOO_LARGE");
}

TEST(FieldRules, FieldsOfANewerClientAreRefusedAtAnyDepth) {
  v1::Spec spec;
  v1::Model* model = spec.mutable_train()->mutable_model();
  model->GetReflection()->MutableUnknownFields(model)->AddVarint(900, 1);
  const absl::Status status = RefuseUnknownFields(spec, "spec");
  EXPECT_EQ(ReasonOf(status), "UNKNOWN_FIELD");
  EXPECT_EQ(FieldOf(status), "spec.train.model");
}

}  // namespace
}  // namespace modbound
