#include "server/jobs/input_resolver.h"

#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/error.h"
#include "server/arrays/facts.h"
#include "server/jobs/input_names.h"
#include "server/jobs/job_state.h"
#include "server/jobs/text_rules.h"

namespace modbound {
namespace {

constexpr int kMaxNameLength = 128;

std::vector<int64_t> ShapeOf(const v1::Array& array) {
  return {array.shape().begin(), array.shape().end()};
}

std::vector<std::string> AxesOf(const v1::Array& array) {
  return {array.axes().begin(), array.axes().end()};
}

// The error with `field`, which whoever gave it could not know.
absl::Status ForField(const absl::Status& status, const std::string& field) {
  return status.ok()
             ? status
             : MakeError(
                   status.code(),
                   ReasonOf(status),
                   field,
                   absl::StrCat(field, ": ", std::string(status.message())));
}

// "; it makes loss, w_in, ...".
std::string OutputsText(const Producer& producer) {
  constexpr std::size_t kShown = 20;
  std::vector<std::string> names;
  for (const auto& [name, output] : producer.outputs) {
    names.push_back(names.size() < kShown ? name : "...");
    if (names.size() > kShown) {
      break;
    }
  }
  return absl::StrCat("; it makes ",
                      names.empty() ? "none" : absl::StrJoin(names, ", "));
}

absl::Status CheckAxes(const v1::Array& array, const std::string& field) {
  if (array.shape_size() > kMaxAxes) {
    return MakeError(
        absl::StatusCode::kResourceExhausted,
        "TOO_LARGE",
        field,
        absl::StrCat(
            field, " has ", array.shape_size(), " axes; allowed: ", kMaxAxes));
  }
  if (!array.axes().empty() && array.axes_size() != array.shape_size()) {
    return Refuse(reason::kWrongShape,
                  field,
                  absl::StrCat(field,
                               " has ",
                               array.axes_size(),
                               " names for ",
                               array.shape_size(),
                               " axes"));
  }
  for (const std::string& axis : array.axes()) {
    MODBOUND_RETURN_IF_ERROR(CheckText(axis, 0, kMaxNameLength, field));
  }
  return absl::OkStatus();
}

// dtype, shape and the bytes that are there must fit together.
absl::Status CheckSize(const v1::Array& array,
                       int64_t size_bytes,
                       const std::string& field) {
  MODBOUND_RETURN_IF_ERROR(CheckAxes(array, field));
  const int64_t element = ElementSize(array.dtype());
  if (element == 0) {
    return Refuse("WRONG_DTYPE",
                  field,
                  absl::StrCat(field,
                               " has dtype ",
                               static_cast<int>(array.dtype()),
                               "; allowed: FLOAT32, FLOAT64, INT32, INT64, "
                               "UINT8, BOOL"));
  }
  const int64_t count = NumElements(ShapeOf(array));
  if (count < 0 || count * element != size_bytes) {
    return Refuse(reason::kWrongShape,
                  field,
                  absl::StrCat(field,
                               " has ",
                               size_bytes,
                               " bytes: not ",
                               DTypeName(array.dtype()),
                               " of shape ",
                               ShapeText(ShapeOf(array))));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ResolvedInputs> InputResolver::Resolve(const Analysis& analysis,
                                                      const v1::Job& job) {
  if (job.inputs_size() > kMaxInputs) {
    return MakeError(absl::StatusCode::kResourceExhausted,
                     "TOO_LARGE",
                     "inputs",
                     absl::StrCat("inputs has ",
                                  job.inputs_size(),
                                  " entries; allowed: ",
                                  kMaxInputs));
  }
  // Sorted: of several faults the same one is named every time. Members given
  // by themselves come first, so that a group does not replace them.
  const std::map<std::string, v1::Array> inputs(job.inputs().begin(),
                                                job.inputs().end());
  for (const auto& [name, array] : inputs) {
    MODBOUND_RETURN_IF_ERROR(CheckText(name, 1, kMaxNameLength, "inputs"));
  }
  ResolvedInputs resolved;
  for (const bool many : {false, true}) {
    for (const auto& [name, array] : inputs) {
      if (StandsForMany(analysis, name) != many) {
        continue;
      }
      MODBOUND_RETURN_IF_ERROR(
          array.has_output()
              ? AddOutputs(analysis, name, array.output(), resolved)
              : AddArray(name, array, resolved));
    }
  }
  return resolved;
}

absl::Status InputResolver::AddFacts(ResolvedInputs& resolved) {
  for (const auto& [name, digest] : resolved.digests) {
    InputInfo& info = resolved.infos[name];
    auto facts = facts_.Find(digest, info.dtype, info.shape);
    if (!facts.ok()) {
      return ForField(facts.status(), "inputs." + name);
    }
    info.facts = *std::move(facts);
  }
  return absl::OkStatus();
}

absl::Status InputResolver::AddArray(const std::string& name,
                                     const v1::Array& array,
                                     ResolvedInputs& resolved) {
  switch (array.source_case()) {
    case v1::Array::kInline:
      return AddInline(name, array, resolved);
    case v1::Array::kArtifact:
      return AddArtifact(name, array, resolved);
    default:
      return Refuse(reason::kMissingField,
                    "inputs." + name,
                    absl::StrCat("inputs.",
                                 name,
                                 " has no bytes; allowed: inline, artifact or "
                                 "output"));
  }
}

absl::Status InputResolver::AddInline(const std::string& name,
                                      v1::Array array,
                                      ResolvedInputs& resolved) {
  const std::string field = "inputs." + name;
  const std::string bytes = std::move(*array.mutable_inline_());
  const auto size_bytes = static_cast<int64_t>(bytes.size());
  if (size_bytes > kInlineLimit) {
    return MakeError(absl::StatusCode::kResourceExhausted,
                     "TOO_LARGE",
                     field,
                     absl::StrCat(field,
                                  " has ",
                                  size_bytes,
                                  " bytes inline; allowed: ",
                                  kInlineLimit,
                                  ", larger arrays are uploaded first"));
  }
  MODBOUND_RETURN_IF_ERROR(CheckSize(array, size_bytes, field));
  HostArray values(array.dtype(), ShapeOf(array));
  std::memcpy(values.mutable_data(), bytes.data(), bytes.size());
  MODBOUND_ASSIGN_OR_RETURN(StagedArtifact staged,
                            artifacts_.StageBytes(bytes));
  array.set_artifact(staged.digest);
  resolved.infos[name] = {
      array.dtype(), ShapeOf(array), ScanFacts(values), nullptr, AxesOf(array)};
  resolved.artifacts.insert(staged.digest);
  resolved.staged.push_back(std::move(staged));
  resolved.arrays[name] = std::move(array);
  return absl::OkStatus();
}

absl::Status InputResolver::AddArtifact(const std::string& name,
                                        const v1::Array& array,
                                        ResolvedInputs& resolved) {
  const std::string field = "inputs." + name;
  const absl::StatusOr<int64_t> size =
      artifacts_.SizeFor(owner_, array.artifact());
  if (!size.ok()) {
    return ForField(size.status(), field);
  }
  MODBOUND_RETURN_IF_ERROR(CheckSize(array, *size, field));
  resolved.infos[name] = {
      array.dtype(), ShapeOf(array), std::nullopt, nullptr, AxesOf(array)};
  resolved.digests[name] = array.artifact();
  resolved.artifacts.insert(array.artifact());
  resolved.arrays[name] = array;
  return absl::OkStatus();
}

absl::Status InputResolver::AddOutputs(const Analysis& analysis,
                                       const std::string& name,
                                       const v1::OutputRef& reference,
                                       ResolvedInputs& resolved) {
  const std::string field = "inputs." + name;
  if (!reference.output().empty() && StandsForMany(analysis, name)) {
    return Refuse(reason::kContradiction,
                  field,
                  absl::StrCat(field,
                               " stands for several outputs and names ",
                               Quoted(reference.output()),
                               "; leave the output's name out"));
  }
  const absl::StatusOr<const Producer*> producer =
      producers_.Find(reference.job());
  if (!producer.ok()) {
    return ForField(producer.status(), field);
  }
  const std::vector<TakenOutput> taken =
      TakenOutputs(analysis, name, reference.output(), **producer);
  if (taken.empty()) {
    return MakeError(absl::StatusCode::kNotFound,
                     "OUTPUT_NOT_FOUND",
                     field,
                     absl::StrCat(field,
                                  ": ",
                                  (*producer)->called,
                                  " makes no output under that prefix",
                                  OutputsText(**producer)));
  }
  for (const TakenOutput& one : taken) {
    const bool made = (*producer)->outputs.count(one.output) > 0;
    if (resolved.arrays.count(one.input) == 0 && (made || !one.optional)) {
      MODBOUND_RETURN_IF_ERROR(
          AddOutput(one.input, **producer, one.output, resolved));
    }
  }
  return absl::OkStatus();
}

absl::Status InputResolver::AddOutput(const std::string& name,
                                      const Producer& producer,
                                      const std::string& output,
                                      ResolvedInputs& resolved) {
  const std::string field = "inputs." + name;
  const auto known = producer.outputs.find(output);
  if (known == producer.outputs.end()) {
    return MakeError(absl::StatusCode::kNotFound,
                     "OUTPUT_NOT_FOUND",
                     field,
                     absl::StrCat(field,
                                  ": ",
                                  producer.called,
                                  " makes no output ",
                                  Quoted(output),
                                  OutputsText(producer)));
  }
  InputInfo info;
  info.dtype = known->second.dtype;
  info.shape = known->second.shape;
  info.producer = &producer.spec;
  info.axes = known->second.axes;
  if (!known->second.artifact.empty()) {
    resolved.digests[name] = known->second.artifact;
  }
  resolved.infos[name] = std::move(info);
  resolved.needs.insert(producer.id);
  v1::OutputRef& reference = *resolved.arrays[name].mutable_output();
  reference.set_job(producer.id);
  reference.set_output(output);
  return absl::OkStatus();
}

}  // namespace modbound
