#include "client/cli/json_check.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/error.h"
#include "client/cli/nearest_name.h"

namespace modbound {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

absl::Status Refuse(const std::string& path,
                    const Json& json,
                    const std::string& expected) {
  constexpr size_t kLongest = 60;
  std::string value = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (value.size() > kLongest) {
    value = value.substr(0, kLongest) + "...";
  }
  return MakeError(
      absl::StatusCode::kInvalidArgument,
      "OUT_OF_RANGE",
      path,
      absl::StrCat(path, " is ", value, "; it must be ", expected));
}

std::string Join(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

// The text as a number, when all of it is one.
std::optional<double> NumberIn(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end ? std::optional(value)
                                             : std::nullopt;
}

// Whole numbers come as numbers (also 1e3 and 2.0) or as texts of digits: 64
// bits do not fit the numbers of every JSON library.
template <typename T>
bool HoldsWhole(const Json& json) {
  if (json.is_number_unsigned()) {
    return json.get<uint64_t>() <=
           static_cast<uint64_t>(std::numeric_limits<T>::max());
  }
  if (json.is_number_integer()) {
    const auto value = json.get<int64_t>();
    return value >= 0 ||
           (std::numeric_limits<T>::is_signed &&
            value >= static_cast<int64_t>(std::numeric_limits<T>::min()));
  }
  if (json.is_number_float()) {
    const auto value = json.get<double>();
    // 2^digits is one above the largest value and exact as a double.
    const double above = std::ldexp(1.0, std::numeric_limits<T>::digits);
    const double lowest = std::numeric_limits<T>::is_signed ? -above : 0;
    return value == std::trunc(value) && value >= lowest && value < above;
  }
  if (!json.is_string()) {
    return false;
  }
  const auto& text = json.get_ref<const std::string&>();
  T value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end;
}

template <typename T>
absl::Status CheckWhole(const Json& json, const std::string& path) {
  if (HoldsWhole<T>(json)) {
    return absl::OkStatus();
  }
  return Refuse(path,
                json,
                absl::StrCat("a whole number from ",
                             std::numeric_limits<T>::min(),
                             " to ",
                             std::numeric_limits<T>::max()));
}

absl::Status CheckNumber(const Json& json, const std::string& path) {
  const bool holds =
      json.is_number() ||
      (json.is_string() &&
       (json == "NaN" || json == "Infinity" || json == "-Infinity" ||
        NumberIn(json.get_ref<const std::string&>())));
  return holds ? absl::OkStatus() : Refuse(path, json, "a number");
}

absl::Status CheckEnum(const Json& json,
                       const EnumDescriptor& type,
                       const std::string& path) {
  std::vector<std::string> words;
  std::string all;
  for (int i = 0; i < type.value_count(); ++i) {
    if (json.is_string() && json == type.value(i)->name()) {
      return absl::OkStatus();
    }
    if (type.value(i)->number() != 0) {  // 0 is "unspecified"
      words.push_back(type.value(i)->name());
      absl::StrAppend(&all, all.empty() ? "" : ", ", words.back());
    }
  }
  if (json.is_number_integer() && HoldsWhole<int32_t>(json) &&
      type.FindValueByNumber(json.get<int32_t>()) != nullptr) {
    return absl::OkStatus();
  }
  std::string expected = "one of " + all;
  if (json.is_string()) {
    expected +=
        "; nearest: " + NearestName(json.get_ref<const std::string&>(), words);
  }
  return Refuse(path, json, expected);
}

absl::Status CheckValue(const Json& json,
                        const FieldDescriptor& field,
                        const std::string& path) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return CheckWhole<int32_t>(json, path);
    case FieldDescriptor::CPPTYPE_INT64:
      return CheckWhole<int64_t>(json, path);
    case FieldDescriptor::CPPTYPE_UINT32:
      return CheckWhole<uint32_t>(json, path);
    case FieldDescriptor::CPPTYPE_UINT64:
      return CheckWhole<uint64_t>(json, path);
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return CheckNumber(json, path);
    case FieldDescriptor::CPPTYPE_BOOL:
      return json.is_boolean() ? absl::OkStatus()
                               : Refuse(path, json, "true or false");
    case FieldDescriptor::CPPTYPE_ENUM:
      return CheckEnum(json, *field.enum_type(), path);
    case FieldDescriptor::CPPTYPE_STRING:
      return json.is_string()
                 ? absl::OkStatus()
                 : Refuse(path,
                          json,
                          field.type() == FieldDescriptor::TYPE_BYTES
                              ? "a text in base64"
                              : "a text");
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return CheckJson(json, *field.message_type(), path);
  }
  return absl::OkStatus();
}

absl::Status CheckField(const Json& json,
                        const FieldDescriptor& field,
                        const std::string& path) {
  if (json.is_null()) {  // proto JSON: unset
    return absl::OkStatus();
  }
  if (field.is_map()) {
    if (!json.is_object()) {
      return Refuse(path, json, "an object");
    }
    const FieldDescriptor& value = *field.message_type()->map_value();
    for (const auto& [key, item] : json.items()) {
      MODBOUND_RETURN_IF_ERROR(CheckValue(item, value, Join(path, key)));
    }
    return absl::OkStatus();
  }
  if (field.is_repeated()) {
    if (!json.is_array()) {
      return Refuse(path, json, "a list");
    }
    for (size_t i = 0; i < json.size(); ++i) {
      MODBOUND_RETURN_IF_ERROR(
          CheckValue(json[i], field, absl::StrCat(path, "[", i, "]")));
    }
    return absl::OkStatus();
  }
  return CheckValue(json, field, path);
}

// The field that `name` names in snake_case or lowerCamelCase.
const FieldDescriptor* FindField(const Descriptor& type,
                                 const std::string& name) {
  const FieldDescriptor* field = type.FindFieldByName(name);
  for (int i = 0; field == nullptr && i < type.field_count(); ++i) {
    if (type.field(i)->json_name() == name) {
      field = type.field(i);
    }
  }
  return field;
}

absl::Status UnknownField(const Descriptor& type,
                          const std::string& path,
                          const std::string& name) {
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(type.field_count()));
  for (int i = 0; i < type.field_count(); ++i) {
    names.push_back(type.field(i)->name());
  }
  const std::string nearest = NearestName(name, names);
  return MakeError(absl::StatusCode::kInvalidArgument,
                   "UNKNOWN_FIELD",
                   Join(path, name),
                   absl::StrCat("no field \"",
                                name,
                                "\"",
                                path.empty() ? "" : " in " + path,
                                nearest.empty() ? "; it has none"
                                                : "; nearest: " + nearest));
}

}  // namespace

absl::Status CheckJson(const Json& json,
                       const Descriptor& type,
                       const std::string& path) {
  if (type.file()->package() == "google.protobuf") {
    return absl::OkStatus();
  }
  if (!json.is_object()) {
    return Refuse(path.empty() ? type.name() : path, json, "an object");
  }
  std::set<const FieldDescriptor*> seen;
  for (const auto& [name, value] : json.items()) {
    const FieldDescriptor* field = FindField(type, name);
    if (field == nullptr) {
      return UnknownField(type, path, name);
    }
    const std::string field_path = Join(path, field->name());
    if (!seen.insert(field).second) {
      return MakeError(absl::StatusCode::kInvalidArgument,
                       "CONTRADICTION",
                       field_path,
                       field_path + " is given twice, in both spellings");
    }
    MODBOUND_RETURN_IF_ERROR(CheckField(value, *field, field_path));
  }
  return absl::OkStatus();
}

}  // namespace modbound
