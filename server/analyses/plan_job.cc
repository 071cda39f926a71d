#include <algorithm>
#include <exception>
#include <limits>
#include <new>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/analyses/analysis.h"
#include "server/analyses/ensemble.h"
#include "server/analyses/field_rules.h"
#include "server/analyses/job_path.h"
#include "server/arrays/facts.h"

namespace modbound {
namespace {

const google::protobuf::FieldDescriptor* KindField(const v1::Spec& spec) {
  return spec.GetReflection()->GetOneofFieldDescriptor(
      spec, spec.GetDescriptor()->oneof_decl(0));
}

absl::StatusOr<Outcome> RunChecked(const v1::Spec& spec,
                                   const Analysis& analysis,
                                   InputArrays inputs,
                                   const InputInfos& infos,
                                   const Execution& execution) {
  absl::StatusOr<Outcome> outcome =
      analysis.Run(spec, std::move(inputs), infos, execution);
  if (!outcome.ok()) {
    return WithJobPath(outcome.status(), analysis);
  }
  return outcome;
}

absl::StatusOr<InputInfos> InfosOf(const InputArrays& inputs,
                                   const InputFacts& known,
                                   const StopFlag* stop) {
  InputInfos infos;
  for (const auto& [name, array] : inputs) {
    InputInfo info{array.dtype(), array.shape(), std::nullopt, nullptr};
    if (const auto facts = known.find(name); facts != known.end()) {
      info.facts = facts->second;
    } else {
      MODBOUND_ASSIGN_OR_RETURN(info.facts, ScanFacts(array, stop));
    }
    infos[name] = std::move(info);
  }
  return infos;
}

// Threads within the limits, and their memory.
void FitThreads(const JobLimits& limits, Plan& plan) {
  int64_t threads = std::min(plan.max_threads, limits.cores);
  if (plan.thread_bytes > 0) {
    threads = std::min(
        threads, (limits.memory_bytes - plan.memory_bytes) / plan.thread_bytes);
  }
  plan.max_threads = static_cast<int>(std::max<int64_t>(threads, 1));
  int64_t work = 0;
  if (__builtin_mul_overflow(plan.thread_bytes, plan.max_threads, &work) ||
      __builtin_add_overflow(plan.memory_bytes, work, &plan.memory_bytes)) {
    plan.memory_bytes = std::numeric_limits<int64_t>::max();
  }
}

// The plan of a job and, with an ensemble, of each of its networks.
struct JobPlan {
  const Analysis* analysis = nullptr;
  Ensemble ensemble;
  Plan one;
  Plan whole;
};

absl::StatusOr<JobPlan> MakePlan(v1::Spec& spec,
                                 const InputInfos& inputs,
                                 const JobLimits& limits) {
  MODBOUND_RETURN_IF_ERROR(RefuseUnknownFields(spec, "spec"));
  const auto* field = KindField(spec);
  JobPlan plan;
  plan.analysis = field == nullptr ? nullptr : FindAnalysis(field->name());
  if (plan.analysis == nullptr) {
    return Refuse("UNKNOWN_KIND",
                  "spec",
                  "spec names no kind that this server knows; see ListKinds");
  }
  const Analysis& analysis = *plan.analysis;
  MODBOUND_RETURN_IF_ERROR(
      ApplyFieldRules(*spec.GetReflection()->MutableMessage(&spec, field),
                      absl::StrCat("spec.", analysis.kind, ".")));
  MODBOUND_RETURN_IF_ERROR(CheckInputsOfEach(analysis, inputs));
  MODBOUND_ASSIGN_OR_RETURN(plan.ensemble, EnsembleOf(analysis, spec, inputs));
  absl::StatusOr<Plan> one =
      analysis.plan(spec, InfosOfOne(inputs, plan.ensemble));
  if (!one.ok()) {
    return WithJobPath(one.status(), analysis);
  }
  plan.one = *std::move(one);
  plan.whole = plan.ensemble.networks > 0
                   ? PlanOfEnsemble(analysis, inputs, plan.ensemble, plan.one)
                   : plan.one;
  FitThreads(limits, plan.whole);
  return plan;
}

absl::StatusOr<Outcome> PlanAndRun(v1::Spec& spec,
                                   InputArrays inputs,
                                   int64_t memory_limit,
                                   const Execution& execution,
                                   const InputFacts& known) {
  MODBOUND_ASSIGN_OR_RETURN(const InputInfos infos,
                            InfosOf(inputs, known, execution.stop));
  MODBOUND_ASSIGN_OR_RETURN(
      const JobPlan plan,
      MakePlan(spec, infos, {execution.threads, memory_limit}));
  MODBOUND_RETURN_IF_ERROR(CheckMemory(plan.whole, memory_limit));
  Execution planned = execution;
  planned.threads = plan.whole.max_threads;
  MODBOUND_ASSIGN_OR_RETURN(
      Outcome outcome,
      plan.ensemble.networks > 0
          ? RunEnsemble(*plan.analysis,
                        spec,
                        inputs,
                        infos,
                        plan.ensemble,
                        plan.one,
                        planned)
          : RunChecked(
                spec, *plan.analysis, std::move(inputs), infos, planned));
  outcome.peak_job_bytes = plan.whole.memory_bytes;
  return outcome;
}

}  // namespace

std::string KindOf(const v1::Spec& spec) {
  const auto* field = KindField(spec);
  return field == nullptr ? "" : field->name();
}

std::vector<std::string> ExpandInput(const Analysis& analysis,
                                     const std::string& name) {
  std::vector<std::string> members;
  for (const InputRule& rule : analysis.inputs) {
    if (!rule.group.empty() && rule.group == name) {
      members.push_back(rule.name);
    }
  }
  return members.empty() ? std::vector<std::string>{name} : members;
}

absl::Status CheckMemory(const Plan& plan, int64_t memory_limit) {
  if (plan.memory_bytes <= memory_limit) {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kResourceExhausted,
                   reason::kMemoryLimit,
                   "spec",
                   absl::StrCat("the job needs about ",
                                plan.memory_bytes,
                                " bytes; allowed: ",
                                memory_limit));
}

absl::StatusOr<Plan> PlanJob(v1::Spec& spec,
                             const InputInfos& inputs,
                             const JobLimits& limits) {
  MODBOUND_ASSIGN_OR_RETURN(JobPlan plan, MakePlan(spec, inputs, limits));
  return std::move(plan.whole);
}

absl::StatusOr<Outcome> RunJob(v1::Spec spec,
                               InputArrays inputs,
                               int64_t memory_limit,
                               const Execution& execution,
                               const InputFacts& known) {
  try {
    return PlanAndRun(spec, std::move(inputs), memory_limit, execution, known);
  } catch (const std::bad_alloc&) {
    return MakeError(absl::StatusCode::kResourceExhausted,
                     reason::kMemoryLimit,
                     "",
                     "out of memory");
  } catch (const std::exception& error) {
    return MakeError(
        absl::StatusCode::kInternal, reason::kInternal, "", error.what());
  }
}

}  // namespace modbound
