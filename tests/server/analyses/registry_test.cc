#include "server/analyses/registry.h"

#include <set>

#include "core/base/error.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "modbound/v1/error.pb.h"
#include "server/analyses/field_rules.h"

namespace modbound {
namespace {

using google::protobuf::FieldDescriptor;

// Fills every sub-message, one element of every list of messages included, and
// every required word and number, so that defaults at every depth are parsed
// and checked.
void FillAll(google::protobuf::Message& message) {
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      FillAll(field->is_repeated()
                  ? *reflection->AddMessage(&message, field)
                  : *reflection->MutableMessage(&message, field));
    } else if (!RuleOf(*field).required()) {
      continue;
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT32) {
      reflection->SetInt32(&message, field, 1);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
      reflection->SetDouble(&message, field, 1);
    } else {
      ASSERT_EQ(field->cpp_type(), FieldDescriptor::CPPTYPE_ENUM)
          << field->full_name();
      reflection->SetEnumValue(&message, field, 1);
    }
  }
}

// Expects a value of every field that has a default.
void ExpectDefaultsFilled(const google::protobuf::Message& message) {
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    if (field->is_repeated()) {
      continue;
    }
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      ExpectDefaultsFilled(reflection->GetMessage(message, field));
    } else if (!RuleOf(*field).default_value().empty()) {
      EXPECT_TRUE(reflection->HasField(message, field)) << field->full_name();
    }
  }
}

TEST(Registry, HasEveryKindOfTheContractInItsOrder) {
  const auto* kinds = v1::Spec::descriptor();
  ASSERT_EQ(AllAnalyses().size(),
            static_cast<std::size_t>(kinds->field_count()));
  for (int i = 0; i < kinds->field_count(); ++i) {
    EXPECT_EQ(AllAnalyses()[static_cast<std::size_t>(i)]->kind,
              kinds->field(i)->name());
    const auto* summary =
        v1::Summary::descriptor()->FindFieldByNumber(kinds->field(i)->number());
    ASSERT_NE(summary, nullptr);
    EXPECT_EQ(summary->name(), kinds->field(i)->name());
  }
}

TEST(Registry, EveryDefaultOfEveryRuleParsesAndIsInItsRange) {
  for (const Analysis* analysis : AllAnalyses()) {
    v1::Spec spec;
    auto* inner = spec.GetReflection()->MutableMessage(
        &spec, v1::Spec::descriptor()->FindFieldByName(analysis->kind));
    FillAll(*inner);
    const absl::Status status = ApplyFieldRules(*inner, "");
    EXPECT_TRUE(status.ok()) << analysis->kind << ": " << status;
    ExpectDefaultsFilled(*inner);
  }
}

TEST(Registry, EveryExampleSpecIsValidJsonOfItsKind) {
  for (const Analysis* analysis : AllAnalyses()) {
    v1::Spec spec;
    const std::string json =
        "{\"" + analysis->kind + "\": " + analysis->example_spec + "}";
    const auto parsed =
        google::protobuf::util::JsonStringToMessage(json, &spec);
    ASSERT_TRUE(parsed.ok()) << analysis->kind << ": " << parsed.message();
    auto* inner = spec.GetReflection()->MutableMessage(
        &spec, v1::Spec::descriptor()->FindFieldByName(analysis->kind));
    EXPECT_TRUE(ApplyFieldRules(*inner, "").ok()) << analysis->kind;
  }
}

TEST(Registry, EveryFieldInputAndOutputIsDescribed) {
  for (const Analysis* analysis : AllAnalyses()) {
    const v1::KindInfo info = DescribeKind(*analysis);
    EXPECT_FALSE(info.comment().empty()) << analysis->kind;
    for (const auto& field : info.fields()) {
      EXPECT_FALSE(field.comment().empty())
          << analysis->kind << "." << field.name();
    }
    for (const auto& input : info.inputs()) {
      EXPECT_FALSE(input.comment().empty())
          << analysis->kind << "." << input.name();
    }
    for (const auto& output : info.outputs()) {
      EXPECT_FALSE(output.comment().empty())
          << analysis->kind << "." << output.name();
    }
  }
}

TEST(Registry, EveryWordIsDescribed) {
  for (const Analysis* analysis : AllAnalyses()) {
    const v1::KindInfo info = DescribeKind(*analysis);
    for (const auto& field : info.fields()) {
      std::string type;
      for (const v1::KindInfo::Word& word : field.words()) {
        EXPECT_FALSE(word.comment().empty())
            << analysis->kind << "." << field.name() << " " << word.name();
        type += (type.empty() ? "" : "|") + word.name();
      }
      EXPECT_EQ(field.type().find('|') != std::string::npos,
                field.words_size() > 1);
      if (field.words_size() > 0) {
        EXPECT_THAT(field.type(), testing::HasSubstr(type));
      }
    }
  }
}

// What a task has where a field is left out.
TEST(Registry, TheDefaultsOfEveryTaskAreDescribed) {
  const v1::KindInfo info = DescribeKind(*FindAnalysis("train"));
  for (const auto& field : info.fields()) {
    if (field.name() == "task.name") {
      EXPECT_EQ(field.words_size(), 12);
      for (const v1::KindInfo::Word& word : field.words()) {
        EXPECT_THAT(word.comment(), testing::HasSubstr("Defaults: "));
      }
      return;
    }
  }
  FAIL() << "train has no task.name";
}

TEST(Registry, EveryShapeOfAnInputIsDescribed) {
  const v1::KindInfo info = DescribeKind(*FindAnalysis("quality"));
  ASSERT_EQ(info.inputs_size(), 3);
  const v1::KindInfo::Input& labels = info.inputs(1);
  EXPECT_EQ(labels.name(), "labels");
  EXPECT_EQ(
      std::vector<std::string>(labels.axes().begin(), labels.axes().end()),
      (std::vector<std::string>{"P", "N"}));
  ASSERT_EQ(labels.more_axes_size(), 1);
  ASSERT_EQ(labels.more_axes(0).names_size(), 1);
  EXPECT_EQ(labels.more_axes(0).names(0), "N");
  EXPECT_EQ(info.inputs(0).more_axes_size(), 0);
}

TEST(Registry, UnknownKindIsRefused) {
  v1::Spec spec;
  const auto plan = PlanJob(spec, {});
  EXPECT_EQ(ReasonOf(plan.status()), "UNKNOWN_KIND");
  EXPECT_EQ(FindAnalysis("no_such_kind"), nullptr);
}

TEST(ErrorCatalogue, HoldsEveryReasonThatCoreGives) {
  for (const char* reason : {reason::kMissingField,
                             reason::kOutOfRange,
                             reason::kContradiction,
                             reason::kWrongShape,
                             reason::kNotFinite,
                             reason::kNotSymmetric,
                             reason::kNegativeWeight,
                             reason::kNotBinary,
                             reason::kBadLabels,
                             reason::kDegenerate,
                             reason::kMemoryLimit,
                             reason::kCancelled,
                             reason::kDiverged,
                             reason::kInternal}) {
    v1::ErrorReason::Reason parsed = v1::ErrorReason::UNSPECIFIED;
    EXPECT_TRUE(v1::ErrorReason::Reason_Parse(reason, &parsed)) << reason;
  }
}

}  // namespace
}  // namespace modbound
