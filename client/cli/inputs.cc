#include "client/cli/inputs.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "client/cli/error.h"
#include "client/cli/one_line.h"
#include "client/cli/upload.h"

namespace modbound {
namespace {

absl::Status CheckNew(const std::string& name, std::set<std::string>& seen) {
  return seen.insert(name).second
             ? absl::OkStatus()
             : UsageError("input \"" + name + "\" is given twice");
}

// Whether the file could not say that it holds a vector.
bool MayBeVector(const InputFile& file) {
  const std::vector<int64_t>& shape = file.array.header().shape;
  return file.only_matrices && shape.size() == 2 &&
         (shape[0] == 1 || shape[1] == 1);
}

// "labels" is that of "labels", "variables/x" that of "variables/*".
bool IsNameOf(const v1::KindInfo::Input& input, const std::string& name) {
  const std::string& known = input.name();
  return known == name ||
         (absl::EndsWith(known, "/*") &&
          absl::StartsWith(name, known.substr(0, known.size() - 1)));
}

bool TakesVector(const v1::KindInfo::Input& input) {
  return input.axes_size() == 1 ||
         std::any_of(input.more_axes().begin(),
                     input.more_axes().end(),
                     [](const v1::KindInfo::Axes& axes) {
                       return axes.names_size() == 1;
                     });
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
    absl::StatusOr<InputFile> file = OpenInputFile(assignment.value);
    if (!file.ok()) {
      return MakeError(file.status().code(),
                       ReasonOf(file.status()),
                       "inputs." + assignment.key,
                       MessageOf(file.status()));
    }
    PrintNote(*file);
    files.names.push_back(assignment.key);
    files.files.push_back(*std::move(file));
  }
  return files;
}

void PrintNote(const InputFile& file) {
  if (!file.note.empty()) {
    std::fprintf(stderr, "%s\n", OneLine(file.note).c_str());
  }
}

void FitToKind(const v1::KindInfo& kind, InputFiles& files) {
  for (size_t i = 0; i < files.names.size(); ++i) {
    NpyFile& array = files.files[i].array;
    if (!MayBeVector(files.files[i])) {
      continue;
    }
    for (const v1::KindInfo::Input& input : kind.inputs()) {
      if (IsNameOf(input, files.names[i]) && TakesVector(input)) {
        array.Reshape({array.header().num_elements()});
        break;
      }
    }
  }
}

absl::Status SendInputs(Connection& connection,
                        const std::string& kind,
                        InputFiles& files,
                        v1::Job& job) {
  if (std::any_of(files.files.begin(), files.files.end(), MayBeVector)) {
    v1::ListKindsRequest request;
    request.set_kind(kind);
    MODBOUND_ASSIGN_OR_RETURN(
        const v1::ListKindsResponse response,
        connection.Call(
            connection.server(), &v1::ServerService::Stub::ListKinds, request));
    for (const v1::KindInfo& info : response.kinds()) {
      FitToKind(info, files);
    }
  }
  // Many small arrays together must still fit a message of 1 MiB.
  int64_t inline_bytes_left = 8 * kMostInlineBytes;
  for (size_t i = 0; i < files.names.size(); ++i) {
    const NpyFile& file = files.files[i].array;
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
