#include "server/analyses/field_rules.h"

#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "google/protobuf/text_format.h"

namespace modbound {
namespace {

using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::TextFormat;

constexpr int64_t kDefaultMaxItems = 1000;

template <typename T>
T ParseDefault(const std::string& text) {
  T value{};
  if constexpr (std::is_same_v<T, double>) {
    MODBOUND_CHECK(absl::SimpleAtod(text, &value));
  } else {
    MODBOUND_CHECK(absl::SimpleAtoi(text, &value));
  }
  return value;
}

void SetDefault(Message& message,
                const FieldDescriptor& field,
                const std::string& text) {
  const auto* reflection = message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection->SetInt32(
          &message, &field, ParseDefault<int32_t>(text));
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection->SetInt64(
          &message, &field, ParseDefault<int64_t>(text));
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection->SetUInt64(
          &message, &field, ParseDefault<uint64_t>(text));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection->SetDouble(
          &message, &field, ParseDefault<double>(text));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->SetBool(&message, &field, text == "true");
    case FieldDescriptor::CPPTYPE_ENUM: {
      const EnumValueDescriptor* word =
          field.enum_type()->FindValueByName(text);
      MODBOUND_CHECK(word != nullptr);
      return reflection->SetEnum(&message, &field, word);
    }
    default:
      MODBOUND_CHECK(false);  // a rule gave a default to a type that has none
  }
}

// The number a rule's bounds apply to; none for text, bool, enums and messages.
// `index` < 0 = not repeated.
std::optional<double> NumberOf(const Message& message,
                               const FieldDescriptor& field,
                               int index) {
  const auto* reflection = message.GetReflection();
  const bool repeated = index >= 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return repeated ? reflection->GetRepeatedInt32(message, &field, index)
                      : reflection->GetInt32(message, &field);
    case FieldDescriptor::CPPTYPE_INT64:
      return static_cast<double>(
          repeated ? reflection->GetRepeatedInt64(message, &field, index)
                   : reflection->GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return static_cast<double>(
          repeated ? reflection->GetRepeatedUInt64(message, &field, index)
                   : reflection->GetUInt64(message, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return repeated ? reflection->GetRepeatedDouble(message, &field, index)
                      : reflection->GetDouble(message, &field);
    default:
      return std::nullopt;
  }
}

bool InRange(double value, const v1::FieldRule& rule) {
  return std::isfinite(value) &&
         (!rule.has_at_least() || value >= rule.at_least()) &&
         (!rule.has_above() || value > rule.above()) &&
         (!rule.has_at_most() || value <= rule.at_most()) &&
         (!rule.has_below() || value < rule.below());
}

std::string EnumWords(const FieldDescriptor& field) {
  std::vector<std::string> words;
  for (int i = 0; i < field.enum_type()->value_count(); ++i) {
    if (field.enum_type()->value(i)->number() != 0) {
      words.push_back(field.enum_type()->value(i)->name());
    }
  }
  return absl::StrJoin(words, "|");
}

absl::Status CheckEnum(const Message& message,
                       const FieldDescriptor& field,
                       int index,
                       const std::string& path) {
  const auto* reflection = message.GetReflection();
  const int number =
      index >= 0 ? reflection->GetRepeatedEnumValue(message, &field, index)
                 : reflection->GetEnumValue(message, &field);
  if (number != 0 && field.enum_type()->FindValueByNumber(number) != nullptr) {
    return absl::OkStatus();
  }
  return Refuse(
      reason::kOutOfRange,
      path,
      absl::StrCat(path, " is ", number, "; allowed: ", EnumWords(field)));
}

absl::Status CheckValue(const Message& message,
                        const FieldDescriptor& field,
                        int index,
                        const std::string& path) {
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    return CheckEnum(message, field, index, path);
  }
  const std::optional<double> number = NumberOf(message, field, index);
  if (!number.has_value() || InRange(*number, RuleOf(field))) {
    return absl::OkStatus();
  }
  const std::string range = RangeText(field);
  return Refuse(
      reason::kOutOfRange,
      path,
      absl::StrCat(path,
                   " is ",
                   *number,
                   "; allowed: ",
                   range.empty() ? std::string("finite numbers") : range));
}

absl::Status ApplyToList(Message& message,
                         const FieldDescriptor& field,
                         const std::string& path) {
  const auto* reflection = message.GetReflection();
  const v1::FieldRule rule = RuleOf(field);
  const int64_t max_items =
      rule.has_max_items() ? rule.max_items() : kDefaultMaxItems;
  const int size = reflection->FieldSize(message, &field);
  if (size > max_items) {
    return MakeError(
        absl::StatusCode::kResourceExhausted,
        "TOO_LARGE",
        path,
        absl::StrCat(
            path, " has ", size, " elements; allowed: at most ", max_items));
  }
  for (int i = 0; i < size; ++i) {
    const std::string element = absl::StrCat(path, "[", i, "]");
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      MODBOUND_RETURN_IF_ERROR(ApplyFieldRules(
          *reflection->MutableRepeatedMessage(&message, &field, i),
          element + "."));
    } else {
      MODBOUND_RETURN_IF_ERROR(CheckValue(message, field, i, element));
    }
  }
  return absl::OkStatus();
}

absl::Status ApplyToField(Message& message,
                          const FieldDescriptor& field,
                          const std::string& path) {
  const auto* reflection = message.GetReflection();
  const v1::FieldRule rule = RuleOf(field);
  const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  if (!reflection->HasField(message, &field)) {
    if (rule.required()) {
      return Refuse(reason::kMissingField,
                    path,
                    absl::StrCat(path, " is missing; it must be set"));
    }
    if (is_message && rule.always()) {
      reflection->MutableMessage(&message, &field);
    } else if (!is_message && !rule.default_value().empty()) {
      SetDefault(message, field, rule.default_value());
    } else {
      return absl::OkStatus();
    }
  }
  if (is_message) {
    return ApplyFieldRules(*reflection->MutableMessage(&message, &field),
                           path + ".");
  }
  return CheckValue(message, field, -1, path);
}

}  // namespace

v1::FieldRule RuleOf(const FieldDescriptor& field) {
  return field.options().GetExtension(v1::rule);
}

bool HoldsDefault(const Message& message, const FieldDescriptor& field) {
  const std::string text = RuleOf(field).default_value();
  if (text.empty()) {
    return false;
  }
  const std::unique_ptr<Message> standard(message.New());
  SetDefault(*standard, field, text);
  // Text format keeps every bit of a double.
  std::string held;
  std::string wanted;
  TextFormat::PrintFieldValueToString(message, &field, -1, &held);
  TextFormat::PrintFieldValueToString(*standard, &field, -1, &wanted);
  return held == wanted;
}

std::string RangeText(const FieldDescriptor& field) {
  const v1::FieldRule rule = RuleOf(field);
  std::vector<std::string> bounds;
  if (rule.has_at_least()) {
    bounds.push_back(absl::StrCat(">= ", rule.at_least()));
  }
  if (rule.has_above()) {
    bounds.push_back(absl::StrCat("> ", rule.above()));
  }
  if (rule.has_at_most()) {
    bounds.push_back(absl::StrCat("<= ", rule.at_most()));
  }
  if (rule.has_below()) {
    bounds.push_back(absl::StrCat("< ", rule.below()));
  }
  return absl::StrJoin(bounds, ", ");
}

void ClearMeasured(Message& message) {
  const auto* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (RuleOf(*field).measured()) {
      reflection->ClearField(&message, field);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) {
        ClearMeasured(*reflection->MutableMessage(&message, field));
        continue;
      }
      for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
        ClearMeasured(*reflection->MutableRepeatedMessage(&message, field, i));
      }
    }
  }
}

absl::Status RefuseUnknownFields(const Message& message,
                                 const std::string& path) {
  const auto* reflection = message.GetReflection();
  const auto& unknown = reflection->GetUnknownFields(message);
  if (!unknown.empty()) {
    return Refuse("UNKNOWN_FIELD",
                  path,
                  absl::StrCat(path,
                               " holds field number ",
                               unknown.field(0).number(),
                               ", which this server does not know"));
  }
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    }
    const std::string inner = absl::StrCat(path, ".", field->name());
    if (field->is_repeated()) {
      for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
        MODBOUND_RETURN_IF_ERROR(RefuseUnknownFields(
            reflection->GetRepeatedMessage(message, field, i), inner));
      }
    } else {
      MODBOUND_RETURN_IF_ERROR(
          RefuseUnknownFields(reflection->GetMessage(message, field), inner));
    }
  }
  return absl::OkStatus();
}

absl::Status ApplyFieldRules(Message& message, const std::string& path) {
  const auto* descriptor = message.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor& field = *descriptor->field(i);
    const std::string field_path = path + field.name();
    if (field.is_repeated()) {
      MODBOUND_RETURN_IF_ERROR(ApplyToList(message, field, field_path));
    } else {
      MODBOUND_RETURN_IF_ERROR(ApplyToField(message, field, field_path));
    }
  }
  return absl::OkStatus();
}

}  // namespace modbound
