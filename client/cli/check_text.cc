#include "client/cli/check_text.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/error.h"
#include "client/cli/one_line.h"

namespace modbound {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

absl::Status CheckString(const std::string& text, const std::string& path) {
  return IsUtf8(text) ? absl::OkStatus()
                      : MakeError(absl::StatusCode::kInvalidArgument,
                                  "BAD_TEXT",
                                  path,
                                  path + " \"" + text + "\" is not UTF-8");
}

absl::Status CheckMessage(const Message& message, const std::string& above);

absl::Status CheckField(const Message& message,
                        const FieldDescriptor& field,
                        const std::string& path) {
  const Reflection& fields = *message.GetReflection();
  const bool is_text = field.type() == FieldDescriptor::TYPE_STRING;
  const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  if (!is_text && !is_message) {
    return absl::OkStatus();
  }
  if (!field.is_repeated()) {
    return is_text ? CheckString(fields.GetString(message, &field), path)
                   : CheckMessage(fields.GetMessage(message, &field), path);
  }
  for (int i = 0; i < fields.FieldSize(message, &field); ++i) {
    MODBOUND_RETURN_IF_ERROR(
        is_text
            ? CheckString(fields.GetRepeatedString(message, &field, i), path)
            : CheckMessage(fields.GetRepeatedMessage(message, &field, i),
                           path));
  }
  return absl::OkStatus();
}

absl::Status CheckMessage(const Message& message, const std::string& above) {
  // Without the numbers of lists and the halves of a map's entries: what the
  // command line gives is found without them.
  const bool is_entry = message.GetDescriptor()->map_key() != nullptr;
  std::vector<const FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  for (const FieldDescriptor* field : set) {
    const std::string path =
        is_entry || above.empty()
            ? absl::StrCat(above, is_entry ? "" : field->name())
            : absl::StrCat(above, ".", field->name());
    MODBOUND_RETURN_IF_ERROR(CheckField(message, *field, path));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckText(const Message& message) {
  return CheckMessage(message, "");
}

}  // namespace modbound
