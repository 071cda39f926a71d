#include <algorithm>

#include "core/base/error.h"
#include "core/statistics/correlation.h"
#include "core/statistics/mantel.h"
#include "core/statistics/ranks.h"
#include "server/analyses/analysis.h"
#include "server/analyses/registry.h"
#include "server/arrays/facts.h"

namespace modbound {
namespace {

absl::StatusOr<Plan> PlanCompareMatrices(v1::Spec& spec,
                                         const InputInfos& inputs) {
  for (const auto& [name, info] : inputs) {
    const std::string field = "inputs." + name;
    if (info.facts.has_value()) {
      MODBOUND_RETURN_IF_ERROR(
          RequireSymmetric(*info.facts, info.dtype, field));
    }
    if (info.shape[0] == 1 || info.shape[0] == 2) {
      return Refuse(reason::kDegenerate,
                    field,
                    field +
                        " has fewer than 3 units; its upper triangle "
                        "needs at least 3 elements");
    }
  }
  const auto N =
      static_cast<double>(std::max<int64_t>(inputs.at("a").shape[0], 0));
  Plan plan;
  const double rank_blocks = N * N / (2 * kRankBlock);
  plan.max_threads = static_cast<int>(std::clamp(
      std::max<double>(spec.compare_matrices().permutations(), rank_blocks),
      1.0,
      64.0));
  // Inputs and copies; triangles, and ranks with what sorts them; or what
  // Mantel's test makes of the matrices.
  plan.memory_bytes = static_cast<int64_t>(std::min(8 * (4 + 5) * N * N, 9e18));
  return plan;
}

absl::StatusOr<Outcome> RunCompareMatrices(const v1::Spec& spec,
                                           const InputArrays& inputs,
                                           const Execution& execution) {
  const v1::CompareMatricesSpec& compare = spec.compare_matrices();
  const Matrix a = inputs.at("a").ToMatrix();
  const Matrix b = inputs.at("b").ToMatrix();
  const Vector x = UpperTriangle(a);
  const Vector y = UpperTriangle(b);
  if (execution.stopped()) {
    return StoppedError();
  }
  const Correlation pearson = PearsonCorrelation(x, y);
  MODBOUND_ASSIGN_OR_RETURN(const Correlation spearman,
                            SpearmanCorrelation(x, y, execution));
  Outcome outcome;
  v1::CompareMatricesSummary* summary =
      outcome.summary.mutable_compare_matrices();
  summary->set_pearson_r(pearson.r);
  summary->set_pearson_p(pearson.p);
  summary->set_spearman_r(spearman.r);
  summary->set_spearman_p(spearman.p);
  if (compare.permutations() > 0) {
    MODBOUND_ASSIGN_OR_RETURN(
        const double p,
        MantelP(a, b, compare.permutations(), compare.seed(), execution));
    summary->set_mantel_p(p);
  }
  return outcome;
}

}  // namespace

Analysis CompareMatricesAnalysis() {
  Analysis analysis;
  analysis.kind = "compare_matrices";
  analysis.inputs = {
      {.name = "a",
       .axes = {"N", "N"},
       .comment = "A symmetric matrix; its diagonal is not read."},
      {.name = "b",
       .axes = {"N", "N"},
       .comment = "Another of the same size."}};
  analysis.example_spec = R"({"permutations": 1000})";
  analysis.ensemble_tests = {"pearson_r", "spearman_r"};
  analysis.plan = PlanCompareMatrices;
  analysis.run = RunCompareMatrices;
  return analysis;
}

}  // namespace modbound
