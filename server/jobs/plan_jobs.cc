#include "server/jobs/plan_jobs.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/analyses/analysis.h"
#include "server/analyses/ensemble_inputs.h"
#include "server/jobs/cache_key.h"
#include "server/jobs/fact_finder.h"
#include "server/jobs/graph_order.h"
#include "server/jobs/input_resolver.h"
#include "server/jobs/job_time.h"
#include "server/jobs/job_view.h"
#include "server/jobs/producers.h"

namespace modbound {
namespace {

absl::StatusOr<std::vector<std::size_t>> OrderOf(
    const std::vector<SubmittedJob>& jobs) {
  std::map<std::string, std::size_t> index;
  std::vector<std::string> names;
  for (const SubmittedJob& job : jobs) {
    if (!job.name.empty()) {
      index[job.name] = names.size();
    }
    names.push_back(job.name);
  }
  std::vector<std::vector<std::size_t>> needs(jobs.size());
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    for (const auto& [name, array] : jobs[i].job.inputs()) {
      const auto node = index.find(array.output().job());
      if (array.has_output() && node != index.end()) {
        needs[i].push_back(node->second);
      }
    }
  }
  return GraphOrder(needs, names);
}

void SetPlannedOutputs(const Plan& plan, v1::Job& job) {
  for (const PlannedOutput& output : plan.outputs) {
    v1::Array& array = (*job.mutable_outputs())[output.name];
    array.set_dtype(output.dtype);
    array.mutable_shape()->Assign(output.shape.begin(), output.shape.end());
    array.mutable_axes()->Assign(output.axes.begin(), output.axes.end());
  }
}

// Of the outputs whose sizes, or bounds of them, are known before the run.
int64_t PlannedBytes(const Plan& plan) {
  // What no machine computes: sums over the largest graph stay within 64 bits.
  constexpr int64_t kMost = int64_t{1} << 48;
  int64_t bytes = 0;
  for (const PlannedOutput& output : plan.outputs) {
    std::vector<int64_t> shape = output.shape;
    std::replace_if(
        shape.begin(),
        shape.end(),
        [](int64_t extent) { return extent < 0; },
        output.most_extent);
    const int64_t elements = std::clamp<int64_t>(NumElements(shape), 0, kMost);
    bytes = std::min(bytes + elements * ElementSize(output.dtype), kMost);
  }
  return bytes;
}

JobSchedule ScheduleOf(const v1::Job& job, const Plan& plan) {
  JobSchedule schedule;
  schedule.priority = job.priority();
  schedule.threads = std::max(plan.max_threads, 1);
  schedule.memory_bytes = plan.memory_bytes;
  schedule.deadline_us = job.has_deadline() ? ToMicros(job.deadline()) : 0;
  schedule.max_run_us =
      job.has_max_run_time() ? ToMicros(job.max_run_time()) : 0;
  schedule.owner = job.owner();
  schedule.kind = job.kind();
  schedule.no_cache = job.no_cache();
  return schedule;
}

// Answers hold whole jobs: one that is too large for them is not taken.
absl::Status CheckStoredSize(const v1::Job& job) {
  const int64_t bytes = ListedBytes(job);
  if (bytes <= kMaxSubmittedBytes) {
    return absl::OkStatus();
  }
  const bool is_spec =
      2 * static_cast<int64_t>(job.spec().ByteSizeLong()) > bytes;
  return MakeError(absl::StatusCode::kResourceExhausted,
                   "TOO_LARGE",
                   is_spec ? "spec" : "inputs",
                   absl::StrCat("the job takes ",
                                bytes,
                                " bytes without its arrays; allowed: ",
                                kMaxSubmittedBytes));
}

// Plans one job; fields of errors are those of the job.
absl::StatusOr<PlannedJob> PlanOne(const PlanningContext& context,
                                   Producers& producers,
                                   FactFinder& facts,
                                   SubmittedJob submitted) {
  v1::Job& job = submitted.job;
  const Analysis* analysis = FindAnalysis(KindOf(job.spec()));
  if (analysis == nullptr) {
    // PlanJob knows the words for it.
    return PlanJob(*job.mutable_spec(), {}).status();
  }
  InputResolver resolver(context.artifacts, context.owner, producers, facts);
  MODBOUND_ASSIGN_OR_RETURN(ResolvedInputs inputs,
                            resolver.Resolve(*analysis, job));
  // Names and axes before any values.
  MODBOUND_RETURN_IF_ERROR(CheckInputsOfEach(*analysis, inputs.infos));
  MODBOUND_RETURN_IF_ERROR(resolver.AddFacts(inputs));
  MODBOUND_ASSIGN_OR_RETURN(
      const Plan plan,
      PlanJob(*job.mutable_spec(), inputs.infos, context.limits));
  MODBOUND_RETURN_IF_ERROR(CheckMemory(plan, context.limits.memory_bytes));
  PlannedJob planned;
  planned.path = submitted.path;
  planned.needs = std::move(inputs.needs);
  planned.staged = std::move(inputs.staged);
  planned.artifacts = std::move(inputs.artifacts);
  job.set_kind(analysis->kind);
  job.set_owner(context.owner);
  planned.row.schedule = ScheduleOf(job, plan);
  if (context.artifacts.has_limits()) {
    planned.row.schedule.reserved_bytes = PlannedBytes(plan);
  }
  planned.row.submit_us = context.now_us;
  job.set_node(submitted.name);
  if (!submitted.reproduces.empty()) {
    job.mutable_reproduction()->set_source_job(submitted.reproduces);
  }
  *job.mutable_submit_time() = ToTimestamp(context.now_us);
  job.clear_inputs();
  for (auto& [name, array] : inputs.arrays) {
    (*job.mutable_inputs())[name] = std::move(array);
  }
  if (planned.needs.empty()) {
    // Here rather than on the writer's thread.
    planned.row.schedule.cache_key =
        CacheKey(job.spec(), {job.inputs().begin(), job.inputs().end()});
  }
  SetPlannedOutputs(plan, job);
  MODBOUND_RETURN_IF_ERROR(CheckStoredSize(job));
  if (!submitted.name.empty()) {
    producers.AddNode(submitted.name,
                      {job.id(), "", job.spec(), KnownOutputs(plan)});
  }
  planned.row.job = std::move(job);
  return planned;
}

}  // namespace

absl::StatusOr<std::vector<PlannedJob>> PlanJobs(
    const PlanningContext& context, std::vector<SubmittedJob> jobs) {
  MODBOUND_ASSIGN_OR_RETURN(const std::vector<std::size_t> order,
                            OrderOf(jobs));
  for (SubmittedJob& job : jobs) {
    job.job.set_id(context.ids.NewId(context.now_us));
  }
  Producers producers(context.database, context.owner);
  FactFinder facts(context.artifacts);
  std::vector<PlannedJob> planned(jobs.size());
  for (const std::size_t i : order) {
    const std::string path = jobs[i].path;
    absl::StatusOr<PlannedJob> one =
        PlanOne(context, producers, facts, std::move(jobs[i]));
    if (!one.ok()) {
      return WithFieldPrefix(one.status(), path);
    }
    planned[i] = *std::move(one);
  }
  return planned;
}

}  // namespace modbound
