#include "client/cli/inputs.h"

#include <cstddef>
#include <set>
#include <utility>

#include "client/cli/error.h"
#include "client/cli/upload.h"

namespace modbound {
namespace {

absl::Status CheckNew(const std::string& name, std::set<std::string>& seen) {
  return seen.insert(name).second
             ? absl::OkStatus()
             : UsageError("input \"" + name + "\" is given twice");
}

}  // namespace

absl::StatusOr<Assignment> ParseAssignment(const std::string& option,
                                           const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return UsageError(option + " \"" + text +
                      "\" is not of the form KEY=VALUE");
  }
  return Assignment{.key = text.substr(0, equals),
                    .value = text.substr(equals + 1)};
}

absl::StatusOr<v1::Array> ParseFrom(const std::string& text) {
  const size_t slash = text.find('/');
  v1::Array array;
  array.mutable_output()->set_job(text.substr(0, slash));
  if (slash != std::string::npos) {
    array.mutable_output()->set_output(text.substr(slash + 1));
  }
  if (array.output().job().empty() ||
      (slash != std::string::npos && array.output().output().empty())) {
    return UsageError("--from \"" + text + "\" is neither JOB nor JOB/OUTPUT");
  }
  return array;
}

absl::StatusOr<InputFiles> ReadInputs(const std::vector<std::string>& inputs,
                                      const std::vector<std::string>& from,
                                      v1::Job& job) {
  std::set<std::string> seen;
  for (const std::string& text : from) {
    MODBOUND_ASSIGN_OR_RETURN(const Assignment assignment,
                              ParseAssignment("--from", text));
    MODBOUND_RETURN_IF_ERROR(CheckNew(assignment.key, seen));
    MODBOUND_ASSIGN_OR_RETURN((*job.mutable_inputs())[assignment.key],
                              ParseFrom(assignment.value));
  }
  InputFiles files;
  for (const std::string& text : inputs) {
    MODBOUND_ASSIGN_OR_RETURN(const Assignment assignment,
                              ParseAssignment("--input", text));
    MODBOUND_RETURN_IF_ERROR(CheckNew(assignment.key, seen));
    absl::StatusOr<NpyFile> file = NpyFile::Open(assignment.value);
    if (!file.ok()) {
      return MakeError(file.status().code(),
                       ReasonOf(file.status()),
                       "inputs." + assignment.key,
                       MessageOf(file.status()));
    }
    files.names.push_back(assignment.key);
    files.files.push_back(*std::move(file));
  }
  return files;
}

absl::Status SendInputs(Connection& connection,
                        const InputFiles& files,
                        v1::Job& job) {
  // Many small arrays together must still fit a message of 1 MiB.
  int64_t inline_bytes_left = 8 * kMostInlineBytes;
  for (size_t i = 0; i < files.names.size(); ++i) {
    const NpyFile& file = files.files[i];
    const int64_t bytes = file.header().num_bytes();
    v1::Array& array = (*job.mutable_inputs())[files.names[i]];
    if (bytes <= kMostInlineBytes && bytes <= inline_bytes_left) {
      inline_bytes_left -= bytes;
      MODBOUND_ASSIGN_OR_RETURN(array, InlineArray(file));
    } else {
      MODBOUND_ASSIGN_OR_RETURN(array, UploadArray(connection, file));
    }
  }
  return absl::OkStatus();
}

}  // namespace modbound
