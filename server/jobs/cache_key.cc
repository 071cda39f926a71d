#include "server/jobs/cache_key.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "build_info.h"
#include "core/base/check.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "server/analyses/analysis.h"
#include "server/analyses/field_rules.h"
#include "server/artifacts/sha256.h"

namespace modbound {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string Bits(double value) {
  return absl::StrCat(
      absl::Hex(std::bit_cast<uint64_t>(value), absl::kZeroPad16));
}

std::string Counted(std::string_view text) {
  return absl::StrCat(text.size(), ":", std::string(text));
}

// One value of a field that is no message; `index` < 0 = not repeated.
std::string ValueText(const Message& message,
                      const FieldDescriptor& field,
                      int index) {
  const auto* reflection = message.GetReflection();
  const bool repeated = index >= 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(
          repeated ? reflection->GetRepeatedInt32(message, &field, index)
                   : reflection->GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(
          repeated ? reflection->GetRepeatedInt64(message, &field, index)
                   : reflection->GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(
          repeated ? reflection->GetRepeatedUInt64(message, &field, index)
                   : reflection->GetUInt64(message, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Bits(repeated
                      ? reflection->GetRepeatedDouble(message, &field, index)
                      : reflection->GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return (repeated ? reflection->GetRepeatedBool(message, &field, index)
                       : reflection->GetBool(message, &field))
                 ? "true"
                 : "false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return absl::StrCat(
          repeated ? reflection->GetRepeatedEnumValue(message, &field, index)
                   : reflection->GetEnumValue(message, &field));
    case FieldDescriptor::CPPTYPE_STRING:
      return Counted(repeated
                         ? reflection->GetRepeatedString(message, &field, index)
                         : reflection->GetString(message, &field));
    default:
      // No spec has a field of another type: registry_test holds them to it.
      MODBOUND_CHECK(false);
      return "";
  }
}

void AddFields(const Message& message,
               const std::string& path,
               std::string& text);

void AddField(const Message& message,
              const FieldDescriptor& field,
              const std::string& path,
              std::string& text) {
  const auto* reflection = message.GetReflection();
  const std::string name = absl::StrCat(path, field.number());
  const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  if (!field.is_repeated()) {
    if (is_message) {
      AddFields(reflection->GetMessage(message, &field), name + ".", text);
    } else if (!HoldsDefault(message, field)) {
      absl::StrAppend(&text, name, " ", ValueText(message, field, -1), "\n");
    }
    return;
  }
  for (int i = 0; i < reflection->FieldSize(message, &field); ++i) {
    const std::string element = absl::StrCat(name, "[", i, "]");
    if (is_message) {
      // Also an element all of whose fields are defaults is an element.
      absl::StrAppend(&text, element, "\n");
      AddFields(reflection->GetRepeatedMessage(message, &field, i),
                element + ".",
                text);
    } else {
      absl::StrAppend(&text, element, " ", ValueText(message, field, i), "\n");
    }
  }
}

void AddFields(const Message& message,
               const std::string& path,
               std::string& text) {
  // ListFields gives them in the order of their numbers.
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    AddField(message, *field, path, text);
  }
}

}  // namespace

std::string CanonicalText(const v1::Spec& spec,
                          const std::map<std::string, v1::Array>& inputs) {
  const std::string kind = KindOf(spec);
  std::string text = absl::StrCat("kind ", kind, "\n");
  const FieldDescriptor* field = v1::Spec::descriptor()->FindFieldByName(kind);
  MODBOUND_CHECK(field != nullptr);
  AddFields(spec.GetReflection()->GetMessage(spec, field), "", text);
  for (const auto& [name, array] : inputs) {
    absl::StrAppend(&text,
                    "input ",
                    Counted(name),
                    " ",
                    int{array.dtype()},
                    " (",
                    absl::StrJoin(array.shape(), ","),
                    ") ",
                    array.artifact(),
                    "\n");
  }
  absl::StrAppend(&text,
                  "kernel ",
                  kKernelVersion,
                  "\nisa ",
                  kIsa,
                  "\ncompiler ",
                  kCompiler,
                  "\n");
  return text;
}

std::string CacheKey(const v1::Spec& spec,
                     const std::map<std::string, v1::Array>& inputs) {
  return Sha256Hex(CanonicalText(spec, inputs));
}

}  // namespace modbound
