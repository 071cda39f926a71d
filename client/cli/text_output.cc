#include "client/cli/text_output.h"

#include <algorithm>
#include <cstddef>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/error.h"
#include "client/cli/json_output.h"
#include "client/cli/one_line.h"
#include "google/protobuf/util/time_util.h"

namespace modbound {
namespace {

std::string TimeText(const google::protobuf::Timestamp& time) {
  google::protobuf::Timestamp seconds = time;
  seconds.set_nanos(0);
  return google::protobuf::util::TimeUtil::ToString(seconds);
}

std::string LabelsText(const v1::Job& job) {
  const std::map<std::string, std::string> labels(job.labels().begin(),
                                                  job.labels().end());
  std::string text;
  for (const auto& [key, value] : labels) {
    absl::StrAppend(&text, text.empty() ? "" : " ", key, "=", value);
  }
  return text;
}

// Rows of what the job found.
void AddResult(const v1::Job& job, Rows& rows) {
  const Json summary = ToJson(job.summary());
  for (const auto& [part, fields] : summary.items()) {
    const std::string prefix = part == "ensemble" ? "ensemble." : "";
    for (const auto& [name, value] : fields.items()) {
      rows.emplace_back(prefix + name, ValueText(value));
    }
  }
  const std::map<std::string, v1::Array> outputs(job.outputs().begin(),
                                                 job.outputs().end());
  for (const auto& [name, array] : outputs) {
    rows.emplace_back(name, ArrayText(array));
  }
}

}  // namespace

std::string AlignRows(const Rows& rows) {
  size_t width = 0;
  for (const auto& [name, value] : rows) {
    width = std::max(width, CountColumns(name));
  }
  std::string text;
  for (const auto& [name, value] : rows) {
    absl::StrAppend(&text,
                    OneLine(name),
                    std::string(width + 2 - CountColumns(name), ' '),
                    OneLine(value),
                    "\n");
  }
  return text;
}

std::string AlignTable(const std::vector<std::vector<std::string>>& table) {
  std::vector<size_t> widths;
  for (const std::vector<std::string>& row : table) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], CountColumns(row[i]));
    }
  }
  std::string text;
  for (const std::vector<std::string>& row : table) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += OneLine(row[i]) +
              std::string(widths[i] + 2 - CountColumns(row[i]), ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string ValueText(const Json& value) {
  if (value.is_string()) {
    return value.get<std::string>();
  }
  if (value.is_array()) {
    constexpr size_t kMost = 12;
    std::string text;
    for (size_t i = 0; i < std::min(kMost, value.size()); ++i) {
      absl::StrAppend(&text, i == 0 ? "" : ", ", ValueText(value[i]));
    }
    if (value.size() > kMost) {
      absl::StrAppend(&text, ", ... (", value.size(), ")");
    }
    return text;
  }
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string ArrayText(const v1::Array& array) {
  std::string text = v1::DType::Type_Name(array.dtype()) + " (";
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  for (int i = 0; i < array.shape_size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", array.shape(i));
  }
  return text + ")";
}

std::string JobText(const v1::Job& job) {
  Rows rows = {{"id", job.id()},
               {"kind", job.kind()},
               {"state", v1::JobState::State_Name(job.state())}};
  if (!job.node().empty()) {
    rows.emplace_back("node", job.node());
  }
  if (job.labels_size() > 0) {
    rows.emplace_back("labels", LabelsText(job));
  }
  if (job.state() == v1::JobState::RUNNING && job.has_progress()) {
    rows.emplace_back("progress",
                      absl::StrFormat("%.0f%% %s",
                                      100 * job.progress().fraction(),
                                      job.progress().phase()));
  }
  if (job.has_submit_time()) {
    rows.emplace_back("submitted", TimeText(job.submit_time()));
  }
  if (job.has_end_time()) {
    rows.emplace_back("ended", TimeText(job.end_time()));
  }
  if (job.has_error()) {
    const absl::Status error = FromRpcStatus(job.error());
    rows.emplace_back("reason", ReasonOf(error));
    rows.emplace_back("error", MessageOf(error));
  }
  if (job.cache_info().hit()) {
    rows.emplace_back("result of",
                      job.cache_info().source_job().empty()
                          ? "an equal job of another owner"
                          : job.cache_info().source_job());
  }
  if (job.has_reproduction()) {
    rows.emplace_back("reproduces", job.reproduction().source_job());
  }
  if (job.reproduction().has_same()) {
    rows.emplace_back(
        "same result",
        job.reproduction().same()
            ? "yes"
            : absl::StrCat(
                  "no: ", absl::StrJoin(job.reproduction().different(), ", ")));
  }
  AddResult(job, rows);
  return AlignRows(rows);
}

std::string ExplanationText(const std::string& id,
                            const v1::Explanation& explanation) {
  Rows rows = {{"job", id},
               {"state", v1::JobState::State_Name(explanation.state())},
               {"why", explanation.text()}};
  if (explanation.needs_size() > 0) {
    rows.emplace_back("needs", absl::StrJoin(explanation.needs(), " "));
  }
  if (!explanation.equal_job().empty()) {
    rows.emplace_back("equal job", explanation.equal_job());
  }
  return AlignRows(rows);
}

std::string JobTable(const std::vector<v1::Job>& jobs) {
  std::vector<std::vector<std::string>> table = {
      {"ID", "KIND", "STATE", "DONE", "SUBMITTED", "NODE", "LABELS"}};
  for (const v1::Job& job : jobs) {
    const bool running = job.state() == v1::JobState::RUNNING;
    table.push_back(
        {job.id(),
         job.kind(),
         v1::JobState::State_Name(job.state()),
         running ? absl::StrFormat("%.0f%%", 100 * job.progress().fraction())
                 : "-",
         TimeText(job.submit_time()),
         job.node().empty() ? "-" : job.node(),
         LabelsText(job)});
  }
  return AlignTable(table);
}

}  // namespace modbound
