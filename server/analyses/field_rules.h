#ifndef MODBOUND_SERVER_ANALYSES_FIELD_RULES_H_
#define MODBOUND_SERVER_ANALYSES_FIELD_RULES_H_

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "modbound/v1/field_rule.pb.h"

namespace modbound {

// The rule written beside a field; an empty one when there is none.
v1::FieldRule RuleOf(const google::protobuf::FieldDescriptor& field);

// What a rule allows, for people: "> 0, <= 10"; "" when anything.
std::string RangeText(const google::protobuf::FieldDescriptor& field);

// Whether a set field (not repeated, not a message) holds its rule's default.
bool HoldsDefault(const google::protobuf::Message& message,
                  const google::protobuf::FieldDescriptor& field);

// Clears, at any depth, the fields whose rule says that they were measured.
void ClearMeasured(google::protobuf::Message& message);

// Refuses a message that holds, at any depth, a field this build does not know.
// Errors: kInvalidArgument UNKNOWN_FIELD naming `path` and the number.
absl::Status RefuseUnknownFields(const google::protobuf::Message& message,
                                 const std::string& path);

// Fills unset fields with their rule's default, then checks every set field
// against its rule: range, finite, a word of its enum, list length, required.
// `path` is put before field names: "spec.train.". Errors: kInvalidArgument
// MISSING_FIELD, OUT_OF_RANGE; kResourceExhausted TOO_LARGE for lists.
absl::Status ApplyFieldRules(google::protobuf::Message& message,
                             const std::string& path);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_FIELD_RULES_H_
