#include "server/analyses/partition_outputs.h"

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>

#include "core/modules/consensus.h"
#include "core/modules/gamma_sweep.h"
#include "core/modules/hierarchy.h"
#include "server/analyses/square_outputs.h"

namespace modbound {
namespace {

// With the leading axis of a sweep over so many gammas; 0 = no sweep.
PlannedOutput OfSweep(int64_t gammas, PlannedOutput output) {
  if (gammas > 0) {
    output.shape.insert(output.shape.begin(), gammas);
    output.axes.insert(output.axes.begin(), "gamma");
  }
  return output;
}

// The array of an output of all results; T is its element. Filled from the
// first on.
template <typename T>
class OutputOfResults {
 public:
  OutputOfResults(std::string name,
                  std::vector<int64_t> shape,
                  std::vector<std::string> axes,
                  int64_t gammas)
      : planned_(OfSweep(
            gammas,
            {std::move(name),
             std::is_same_v<T, double> ? v1::DType::FLOAT64 : v1::DType::INT32,
             std::move(shape),
             std::move(axes)})),
        array_(planned_.dtype, planned_.shape, planned_.axes),
        next_(reinterpret_cast<T*>(array_.mutable_data())) {}

  template <typename Values>
  void Add(const Values& values) {
    next_ = std::copy(values.data(), values.data() + values.size(), next_);
  }
  // The next `count` elements, 0, to be filled.
  T* Take(int64_t count) { return std::exchange(next_, next_ + count); }
  void AddTo(Outcome& outcome) && {
    outcome.outputs[planned_.name] = std::move(array_);
  }

 private:
  PlannedOutput planned_;
  HostArray array_;
  T* next_;
};

void FillSummary(const PartitionResult& result, v1::PartitionSummary& summary) {
  summary.set_quality(result.quality);
  summary.set_quality_all_units(result.quality_all_units);
  summary.set_num_modules(static_cast<int64_t>(result.module_sizes.size()));
  summary.mutable_module_sizes()->Assign(result.module_sizes.begin(),
                                         result.module_sizes.end());
  summary.mutable_excluded_units()->Assign(result.excluded_units.begin(),
                                           result.excluded_units.end());
  summary.set_best_run_quality(result.run_quality.maxCoeff());
  summary.set_mean_run_quality(result.run_quality.mean());
  summary.set_consensus_rounds(result.consensus_rounds);
  summary.set_consensus_partitions(result.consensus_partitions);
}

void AddLabels(const std::vector<PartitionResult>& results,
               int64_t gammas,
               Outcome& outcome) {
  const auto N = static_cast<int64_t>(results[0].labels.size());
  const auto runs = static_cast<int64_t>(results[0].run_labels.size());
  OutputOfResults<int32_t> labels("labels", {N}, {"unit"}, gammas);
  OutputOfResults<int32_t> run_labels(
      "run_labels", {runs, N}, {"run", "unit"}, gammas);
  OutputOfResults<double> run_quality("run_quality", {runs}, {"run"}, gammas);
  for (const PartitionResult& result : results) {
    labels.Add(result.labels);
    for (const Labels& run : result.run_labels) {
      run_labels.Add(run);
    }
    run_quality.Add(result.run_quality);
  }
  std::move(labels).AddTo(outcome);
  std::move(run_labels).AddTo(outcome);
  std::move(run_quality).AddTo(outcome);
}

absl::Status AddAgreement(const std::vector<PartitionResult>& results,
                          int64_t gammas,
                          const Execution& execution,
                          Outcome& outcome) {
  const auto N = static_cast<int64_t>(results[0].labels.size());
  OutputOfResults<int32_t> agreement(
      "agreement", {N, N}, {"unit", "unit"}, gammas);
  for (const PartitionResult& result : results) {
    MODBOUND_RETURN_IF_ERROR(AddAgreementCounts(
        result.run_labels,
        execution,
        Eigen::Map<CountMatrix>(agreement.Take(N * N), N, N)));
  }
  std::move(agreement).AddTo(outcome);
  return absl::OkStatus();
}

// One number a gamma.
absl::Status AddSweep(const std::vector<PartitionResult>& results,
                      int64_t gammas,
                      const Execution& execution,
                      Outcome& outcome) {
  OutputOfResults<double> quality("quality", {}, {}, gammas);
  OutputOfResults<int32_t> num_modules("num_modules", {}, {}, gammas);
  OutputOfResults<double> run_vi("run_vi", {}, {}, gammas);
  for (const PartitionResult& result : results) {
    MODBOUND_ASSIGN_OR_RETURN(const double variation,
                              RunVariation(result.run_labels, execution));
    quality.Add(std::vector<double>{result.quality});
    num_modules.Add(
        std::vector<int32_t>{static_cast<int32_t>(result.module_sizes.size())});
    run_vi.Add(std::vector<double>{variation});
  }
  std::move(quality).AddTo(outcome);
  std::move(num_modules).AddTo(outcome);
  std::move(run_vi).AddTo(outcome);
  return absl::OkStatus();
}

}  // namespace

bool MakesAgreement(int64_t N, const v1::PartitionSpec& spec) {
  if (spec.gammas().empty()) {
    return MakesSquareOutput(N, spec.outputs(), "agreement");
  }
  // A sweep's is G times as large: only when named.
  return std::find(spec.outputs().begin(), spec.outputs().end(), "agreement") !=
         spec.outputs().end();
}

bool MakesSimilarity(bool is_given, int64_t N, const v1::PartitionSpec& spec) {
  return !is_given && MakesSquareOutput(N, spec.outputs(), "similarity");
}

std::vector<PlannedOutput> PlanPartitionOutputs(bool is_given,
                                                int64_t N,
                                                const v1::PartitionSpec& spec) {
  const int64_t runs = spec.runs();
  const int64_t gammas = spec.gammas_size();
  std::vector<PlannedOutput> of_results = {
      {"labels", v1::DType::INT32, {N}, {"unit"}},
      {"run_labels", v1::DType::INT32, {runs, N}, {"run", "unit"}},
      {"run_quality", v1::DType::FLOAT64, {runs}, {"run"}}};
  if (MakesAgreement(N, spec)) {
    of_results.push_back(
        {"agreement", v1::DType::INT32, {N, N}, {"unit", "unit"}});
  }
  if (gammas > 0) {
    of_results.push_back({"quality", v1::DType::FLOAT64, {}});
    of_results.push_back({"num_modules", v1::DType::INT32, {}});
    of_results.push_back({"run_vi", v1::DType::FLOAT64, {}});
  }
  std::vector<PlannedOutput> outputs;
  outputs.reserve(of_results.size() + 2);
  for (PlannedOutput& output : of_results) {
    outputs.push_back(OfSweep(gammas, std::move(output)));
  }
  if (spec.hierarchy()) {
    outputs.push_back({.name = "hierarchy",
                       .dtype = v1::DType::INT32,
                       .shape = {-1, N},
                       .axes = {"level", "unit"},
                       .most_extent = kMaxLevels});
  }
  if (MakesSimilarity(is_given, N, spec)) {
    outputs.push_back(
        {"similarity", v1::DType::FLOAT64, {N, N}, {"unit", "unit"}});
  }
  return outputs;
}

absl::Status AddPartitions(const std::vector<PartitionResult>& results,
                           const v1::PartitionSpec& spec,
                           const Execution& execution,
                           Outcome& outcome) {
  const int64_t gammas = spec.gammas_size();
  FillSummary(results[0], *outcome.summary.mutable_partition());
  AddLabels(results, gammas, outcome);
  if (MakesAgreement(static_cast<int64_t>(results[0].labels.size()), spec)) {
    MODBOUND_RETURN_IF_ERROR(AddAgreement(results, gammas, execution, outcome));
  }
  return gammas == 0 ? absl::OkStatus()
                     : AddSweep(results, gammas, execution, outcome);
}

HostArray HierarchyArray(const std::vector<Labels>& levels) {
  HostArray array(v1::DType::INT32,
                  {static_cast<int64_t>(levels.size()),
                   static_cast<int64_t>(levels[0].size())},
                  {"level", "unit"});
  auto* next = reinterpret_cast<int32_t*>(array.mutable_data());
  for (const Labels& level : levels) {
    next = std::copy(level.begin(), level.end(), next);
  }
  return array;
}

}  // namespace modbound
