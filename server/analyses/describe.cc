#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "core/base/check.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "server/analyses/analysis.h"
#include "server/analyses/ensemble_inputs.h"
#include "server/analyses/field_rules.h"

namespace modbound {

// The descriptor set with comments, embedded by the build.
extern const unsigned char kContract[];
extern const std::size_t kContractSize;

namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;

// Descriptors of the compiled-in messages have no comments; these have. Made on
// first use, kept for good.
const DescriptorPool& ContractPool() {
  static const DescriptorPool* const kPool = [] {
    auto* pool = new DescriptorPool;
    google::protobuf::FileDescriptorSet set;
    MODBOUND_CHECK(
        set.ParseFromArray(kContract, static_cast<int>(kContractSize)));
    for (const auto& file : set.file()) {
      MODBOUND_CHECK(pool->BuildFile(file) != nullptr);
    }
    return pool;
  }();
  return *kPool;
}

template <typename D>
std::string CommentOf(const D& descriptor) {
  google::protobuf::SourceLocation location;
  if (!descriptor.GetSourceLocation(&location)) {
    return "";
  }
  std::string text;
  for (const char c : location.leading_comments) {
    text += c == '\n' ? ' ' : c;
  }
  std::string squeezed;
  for (const char c : text) {
    if (c != ' ' || (!squeezed.empty() && squeezed.back() != ' ')) {
      squeezed += c;
    }
  }
  return std::string(absl::StripTrailingAsciiWhitespace(squeezed));
}

std::string TypeText(const FieldDescriptor& field) {
  std::string type = field.cpp_type_name();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    std::vector<std::string> words;
    for (int i = 0; i < field.enum_type()->value_count(); ++i) {
      if (field.enum_type()->value(i)->number() != 0) {
        words.push_back(field.enum_type()->value(i)->name());
      }
    }
    type = absl::StrJoin(words, "|");
  }
  return field.is_repeated() ? "repeated " + type : type;
}

void DescribeWords(const FieldDescriptor& commented,
                   v1::KindInfo::Field& field) {
  const google::protobuf::EnumDescriptor* type = commented.enum_type();
  for (int i = 0; type != nullptr && i < type->value_count(); ++i) {
    if (type->value(i)->number() != 0) {
      v1::KindInfo::Word* word = field.add_words();
      word->set_name(type->value(i)->name());
      word->set_comment(CommentOf(*type->value(i)));
    }
  }
}

// Rules come from the compiled-in field, comments from the contract's.
void DescribeFields(const Descriptor& compiled,
                    const Descriptor& commented,
                    const std::string& prefix,
                    v1::KindInfo& info) {
  for (int i = 0; i < compiled.field_count(); ++i) {
    const FieldDescriptor& field = *compiled.field(i);
    const FieldDescriptor& with_comment =
        *commented.FindFieldByNumber(field.number());
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const std::string name =
          prefix + field.name() + (field.is_repeated() ? "[]" : "");
      DescribeFields(*field.message_type(),
                     *with_comment.message_type(),
                     name + ".",
                     info);
      continue;
    }
    const v1::FieldRule rule = RuleOf(field);
    auto* out = info.add_fields();
    out->set_name(prefix + field.name());
    out->set_type(TypeText(field));
    out->set_default_value(rule.default_value());
    out->set_range(RangeText(field));
    out->set_unit(rule.unit());
    out->set_comment(CommentOf(with_comment));
    DescribeWords(with_comment, *out);
  }
}

void DescribeArrays(const Analysis& analysis, v1::KindInfo& info) {
  for (const InputRule& rule : analysis.inputs) {
    auto* input = info.add_inputs();
    input->set_name(rule.name);
    input->mutable_axes()->Assign(rule.axes.begin(), rule.axes.end());
    for (const std::vector<std::string>& axes : rule.more_axes) {
      input->add_more_axes()->mutable_names()->Assign(axes.begin(), axes.end());
    }
    for (int dtype = v1::DType::FLOAT32; dtype <= v1::DType::BOOL; ++dtype) {
      input->add_dtypes(static_cast<DTypeEnum>(dtype));
    }
    input->set_optional(rule.optional);
    input->set_comment(rule.comment);
    input->set_group(rule.group);
  }
  for (const OutputRule& rule : analysis.outputs) {
    auto* output = info.add_outputs();
    output->set_name(rule.name);
    output->mutable_axes()->Assign(rule.axes.begin(), rule.axes.end());
    output->set_dtype(rule.dtype);
    output->set_comment(rule.comment);
  }
  auto* per_network = info.add_outputs();
  per_network->set_name("per_network/*");
  per_network->add_axes(kNetworkAxis);
  per_network->set_comment(
      "Of an ensemble of networks alone: each number, flag and word of the "
      "summary (per_network/NAME; NaN, -1 or 0 where a network has none), and "
      "per_network/seed. All other outputs of an ensemble have this leading "
      "axis too.");
}

}  // namespace

v1::KindInfo DescribeKind(const Analysis& analysis) {
  const FieldDescriptor* field =
      v1::Spec::descriptor()->FindFieldByName(analysis.kind);
  MODBOUND_CHECK(field != nullptr);
  const Descriptor* commented =
      ContractPool().FindMessageTypeByName(field->message_type()->full_name());
  MODBOUND_CHECK(commented != nullptr);
  v1::KindInfo info;
  info.set_kind(analysis.kind);
  info.set_comment(CommentOf(*commented));
  info.set_example_spec(analysis.example_spec);
  info.mutable_ensemble_tests()->Assign(analysis.ensemble_tests.begin(),
                                        analysis.ensemble_tests.end());
  DescribeFields(*field->message_type(), *commented, "", info);
  DescribeArrays(analysis, info);
  return info;
}

}  // namespace modbound
