#include "client/cli/result.h"

#include <filesystem>
#include <map>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/atomic_file.h"
#include "client/cli/download.h"
#include "client/cli/error.h"
#include "client/cli/json_output.h"
#include "client/cli/npy.h"
#include "client/cli/upload.h"

namespace modbound {
namespace {

using ArrayMap = google::protobuf::Map<std::string, v1::Array>;

// Sorted, so that a failure always leaves the same files behind.
std::map<std::string, v1::Array> Sorted(const ArrayMap& arrays) {
  return {arrays.begin(), arrays.end()};
}

absl::Status WriteOutputs(Connection& connection,
                          const v1::Job& job,
                          const std::string& folder,
                          Interrupt& interrupt) {
  for (const auto& [name, output] : Sorted(job.outputs())) {
    MODBOUND_ASSIGN_OR_RETURN(const std::string path, ArrayPath(folder, name));
    v1::Array array = output;
    array.mutable_output()->set_job(job.id());
    array.mutable_output()->set_output(name);
    MODBOUND_RETURN_IF_ERROR(
        DownloadNpy(connection, array, output.artifact(), path, interrupt));
  }
  return absl::OkStatus();
}

// The output of the other job that an input names, with dtype and shape.
absl::StatusOr<v1::Array> Resolve(Connection& connection,
                                  const std::string& name,
                                  const v1::Array& input) {
  if (!input.has_output()) {
    return input;
  }
  v1::OutputRef source = input.output();
  if (source.output().empty()) {
    source.set_output(name);
  }
  v1::GetJobRequest request;
  request.set_id(source.job());
  MODBOUND_ASSIGN_OR_RETURN(
      const v1::Job job,
      connection.Call(
          connection.jobs(), &v1::JobService::Stub::GetJob, request));
  const auto output = job.outputs().find(source.output());
  if (output == job.outputs().end()) {
    return MakeError(
        absl::StatusCode::kNotFound,
        "OUTPUT_NOT_FOUND",
        "inputs." + name,
        "job " + source.job() + " has no output \"" + source.output() + "\"");
  }
  v1::Array array = output->second;
  *array.mutable_output() = source;
  return array;
}

absl::Status WriteInputs(Connection& connection,
                         const v1::Job& job,
                         const std::string& folder,
                         Interrupt& interrupt) {
  for (const auto& [name, input] : Sorted(job.inputs())) {
    MODBOUND_ASSIGN_OR_RETURN(const std::string path,
                              ArrayPath(folder + "/inputs", name));
    MODBOUND_ASSIGN_OR_RETURN(const v1::Array array,
                              Resolve(connection, name, input));
    MODBOUND_RETURN_IF_ERROR(
        DownloadNpy(connection, array, array.artifact(), path, interrupt));
  }
  return absl::OkStatus();
}

// Whether the .npy file holds the elements of that digest.
bool Holds(const std::string& path, const std::string& digest) {
  const absl::StatusOr<NpyFile> npy = NpyFile::Open(path);
  if (!npy.ok()) {
    return false;
  }
  const absl::StatusOr<std::string> found = DigestOf(*npy);
  return found.ok() && *found == digest;
}

// Names of the arrays that a former job left in `folder`, that `job` does not
// have, and that nobody has changed since. None when its summary cannot be
// read.
std::vector<std::string> Leftovers(const std::string& folder,
                                   const v1::Job& job) {
  const absl::StatusOr<std::string> text = ReadText(folder + "/summary.json");
  const absl::StatusOr<Json> summary =
      text.ok() ? ParseJson(*text) : absl::StatusOr<Json>(text.status());
  std::vector<std::string> names;
  if (!summary.ok() || !summary->is_object() || !summary->contains("outputs")) {
    return names;
  }
  for (const auto& [name, array] : summary->at("outputs").items()) {
    const bool is_named = array.is_object() && array.contains("artifact") &&
                          array["artifact"].is_string();
    if (is_named && StaysBelow(name) && !job.outputs().contains(name) &&
        Holds(absl::StrCat(folder, "/", name, ".npy"),
              array["artifact"].get<std::string>())) {
      names.push_back(name);
    }
  }
  return names;
}

// See WriteResult.
absl::Status RemoveFormerResult(const std::string& folder, const v1::Job& job) {
  const std::vector<std::string> leftovers = Leftovers(folder, job);
  std::error_code error;
  std::filesystem::remove(folder + "/summary.json", error);
  if (error) {
    return UsageError(folder + "/summary.json: " + error.message());
  }
  for (const std::string& name : leftovers) {
    const std::filesystem::path array(name + ".npy");
    std::filesystem::remove(folder / array, error);
    if (error) {
      return UsageError(folder + "/" + array.string() + ": " + error.message());
    }
    // A folder of a '/' in names goes with its last array.
    for (auto part = array.parent_path(); !part.empty();
         part = part.parent_path()) {
      std::filesystem::remove(folder / part, error);
    }
  }
  return absl::OkStatus();
}

}  // namespace

bool HasEnded(v1::JobState::State state) {
  return state == v1::JobState::SUCCEEDED || state == v1::JobState::FAILED ||
         state == v1::JobState::CANCELLED || state == v1::JobState::SKIPPED;
}

absl::Status EndOf(const v1::Job& job) {
  if (job.state() == v1::JobState::SUCCEEDED) {
    return absl::OkStatus();
  }
  absl::Status error = FromRpcStatus(job.error());
  if (error.ok()) {
    error = absl::UnknownError("no reason given");
  }
  return WithExitCode(WithContext(error,
                                  "job " + job.id() + " " +
                                      v1::JobState::State_Name(job.state())),
                      job.state() == v1::JobState::CANCELLED ? kExitJobCancelled
                                                             : kExitJobFailed);
}

absl::Status WriteResult(Connection& connection,
                         const v1::Job& job,
                         const std::string& folder,
                         bool inputs,
                         Interrupt& interrupt) {
  MODBOUND_RETURN_IF_ERROR(MakeFolder(folder));
  MODBOUND_RETURN_IF_ERROR(RemoveFormerResult(folder, job));
  // A job that FAILED may have kept some.
  MODBOUND_RETURN_IF_ERROR(WriteOutputs(connection, job, folder, interrupt));
  if (inputs) {
    MODBOUND_RETURN_IF_ERROR(WriteInputs(connection, job, folder, interrupt));
  }
  return WriteFile(
      folder + "/summary.json",
      SummaryJson(job).dump(2, ' ', false, Json::error_handler_t::replace) +
          "\n");
}

}  // namespace modbound
