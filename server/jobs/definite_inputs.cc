#include "server/jobs/definite_inputs.h"

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/jobs/job_rows.h"

namespace modbound {
namespace {

// The artifact behind an input.
absl::StatusOr<v1::Array> LoadInput(Connection& connection,
                                    const std::string& name,
                                    const v1::Array& input) {
  if (!input.has_output()) {
    return input;
  }
  MODBOUND_ASSIGN_OR_RETURN(const StoredJob producer,
                            LoadAnyJob(connection, input.output().job()));
  const auto output = producer.job.outputs().find(input.output().output());
  if (output == producer.job.outputs().end()) {
    return MakeError(absl::StatusCode::kNotFound,
                     "OUTPUT_NOT_FOUND",
                     "inputs." + name,
                     absl::StrCat("inputs.",
                                  name,
                                  ": job ",
                                  input.output().job(),
                                  " made no output ",
                                  Quoted(input.output().output())));
  }
  return output->second;
}

}  // namespace

absl::StatusOr<std::map<std::string, v1::Array>> DefiniteInputs(
    Connection& connection, const v1::Job& job) {
  std::map<std::string, v1::Array> inputs(job.inputs().begin(),
                                          job.inputs().end());
  for (auto& [name, input] : inputs) {
    MODBOUND_ASSIGN_OR_RETURN(input, LoadInput(connection, name, input));
  }
  return inputs;
}

}  // namespace modbound
