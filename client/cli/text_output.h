#ifndef MODBOUND_CLIENT_CLI_TEXT_OUTPUT_H_
#define MODBOUND_CLIENT_CLI_TEXT_OUTPUT_H_

#include <string>
#include <utility>
#include <vector>

#include "client/cli/json_text.h"
#include "modbound/v1/job.pb.h"
#include "modbound/v1/server.pb.h"

// Messages of the contract -> text for people.
namespace modbound {

// "name   value" lines, values aligned.
using Rows = std::vector<std::pair<std::string, std::string>>;
std::string AlignRows(const Rows& rows);

// Columns as wide as their widest cell, two spaces between; the first row is
// the heading.
std::string AlignTable(const std::vector<std::vector<std::string>>& table);

// A JSON value without quotes; long lists are cut.
std::string ValueText(const Json& value);

// "float64 (100, 20)".
std::string ArrayText(const v1::Array& array);

// Id, kind, state, and what else is known of a job.
std::string JobText(const v1::Job& job);

// A row a job.
std::string JobTable(const std::vector<v1::Job>& jobs);

std::string ExplanationText(const std::string& id,
                            const v1::Explanation& explanation);

// A row a kind: its name and the first sentence of its comment.
std::string KindTable(const v1::ListKindsResponse& kinds);

// Everything about one kind.
std::string KindText(const v1::KindInfo& kind);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_TEXT_OUTPUT_H_
