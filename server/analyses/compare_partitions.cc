#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/base/progress_counter.h"
#include "core/modules/compare.h"
#include "server/analyses/analysis.h"
#include "server/analyses/module_labels.h"
#include "server/analyses/plan_estimates.h"
#include "server/analyses/registry.h"

namespace modbound {
namespace {

using Measure = v1::PartitionMeasure;

struct MeasureColumn {
  Measure::Name word;
  double PartitionComparison::*value;
};

constexpr MeasureColumn kMeasures[] = {
    {Measure::RAND, &PartitionComparison::rand},
    {Measure::ARI, &PartitionComparison::ari},
    {Measure::ZRAND, &PartitionComparison::zrand},
    {Measure::NMI, &PartitionComparison::nmi},
    {Measure::AMI, &PartitionComparison::ami},
    {Measure::MI, &PartitionComparison::mi},
    {Measure::VI, &PartitionComparison::vi},
    {Measure::VIN, &PartitionComparison::vin}};

constexpr char kMatchedLabels[] = "matched_labels";

std::string OutputName(Measure::Name word) {
  return absl::AsciiStrToLower(Measure::Name_Name(word));
}

bool Wants(const v1::ComparePartitionsSpec& spec, Measure::Name word) {
  return std::find(spec.measures().begin(), spec.measures().end(), word) !=
         spec.measures().end();
}

absl::StatusOr<Plan> PlanComparePartitions(v1::Spec& spec,
                                           const InputInfos& inputs) {
  v1::ComparePartitionsSpec& compare = *spec.mutable_compare_partitions();
  if (compare.measures().empty()) {
    for (const MeasureColumn& measure : kMeasures) {
      compare.add_measures(measure.word);
    }
  }
  const std::vector<int64_t>& shape = inputs.at("labels").shape;
  const int64_t P = shape[0];
  Plan plan;
  for (const MeasureColumn& measure : kMeasures) {
    if (Wants(compare, measure.word)) {
      plan.outputs.push_back({OutputName(measure.word),
                              v1::DType::FLOAT64,
                              {P, P},
                              {"partition", "partition"}});
    }
  }
  plan.max_threads = ThreadsFor(P);
  // The input, its labels and what makes them ready; one matrix a measure.
  const auto p = static_cast<double>(std::max<int64_t>(P, 0));
  const int64_t N = std::max<int64_t>(shape[1], 0);
  plan.memory_bytes =
      BytesOf(InputBytes(inputs, "labels") + 4 * ElementsOf(inputs, "labels") +
              PartitionComparer::Bytes(std::max<int64_t>(P, 0), N) +
              8 * p * p * static_cast<double>(plan.outputs.size()));
  plan.thread_bytes = BytesOf(PartitionComparer::WorkBytes(N));
  if (compare.match_labels()) {
    plan.outputs.push_back(
        {kMatchedLabels, v1::DType::INT32, shape, {"partition", "unit"}});
    // The labels once more and as an output; each thread's overlap of modules.
    plan.memory_bytes += BytesOf(8 * ElementsOf(inputs, "labels"));
    const auto modules = static_cast<double>(MostModules(inputs, shape[1]));
    plan.thread_bytes += BytesOf(16 * modules * modules);
  }
  return plan;
}

// A measure that is wanted and its values, filled pair by pair.
struct MeasureTable {
  std::string name;
  double PartitionComparison::*value;
  HostArray array;
  double* values;
};

std::vector<MeasureTable> MakeTables(const v1::ComparePartitionsSpec& spec,
                                     int64_t P) {
  std::vector<MeasureTable> tables;
  for (const MeasureColumn& measure : kMeasures) {
    if (Wants(spec, measure.word)) {
      HostArray array(v1::DType::FLOAT64, {P, P}, {"partition", "partition"});
      auto* values = reinterpret_cast<double*>(array.mutable_data());
      tables.push_back(
          {OutputName(measure.word), measure.value, std::move(array), values});
    }
  }
  return tables;
}

// Fills row and column a from the diagonal on.
absl::Status CompareWithLater(const PartitionComparer& comparer,
                              int64_t a,
                              int64_t P,
                              const Execution& execution,
                              const std::vector<MeasureTable>& tables) {
  for (int64_t b = a; b < P; ++b) {
    if (execution.stopped()) {
      return StoppedError();
    }
    const PartitionComparison pair = comparer.Compare(
        static_cast<std::size_t>(a), static_cast<std::size_t>(b));
    for (const MeasureTable& table : tables) {
      table.values[a * P + b] = table.values[b * P + a] = pair.*table.value;
    }
  }
  return absl::OkStatus();
}

// The partitions renumbered to agree with the first, (P,N).
absl::StatusOr<HostArray> MatchAll(const std::vector<Labels>& partitions,
                                   const Execution& execution) {
  const auto P = static_cast<int64_t>(partitions.size());
  const auto N = static_cast<int64_t>(partitions.front().size());
  HostArray array(v1::DType::INT32, {P, N}, {"partition", "unit"});
  auto* values = reinterpret_cast<int32_t*>(array.mutable_data());
  ProgressCounter counter(execution, "matching", "partitions", P);
  MODBOUND_RETURN_IF_ERROR(
      ParallelFor(P, execution, [&](int64_t p) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(
            const Labels matched,
            MatchLabels(partitions.front(), partitions[p], execution));
        std::copy(matched.begin(), matched.end(), values + p * N);
        counter.Add(1);
        return absl::OkStatus();
      }));
  return array;
}

int64_t UnitsDroppedSomewhere(const std::vector<Labels>& partitions) {
  int64_t dropped = 0;
  for (std::size_t i = 0; i < partitions.front().size(); ++i) {
    const bool is_dropped = std::any_of(
        partitions.begin(), partitions.end(), [i](const Labels& labels) {
          return labels[i] < 0;
        });
    dropped += is_dropped ? 1 : 0;
  }
  return dropped;
}

absl::StatusOr<Outcome> RunComparePartitions(const v1::Spec& spec,
                                             const InputArrays& inputs,
                                             const Execution& execution) {
  const v1::ComparePartitionsSpec& compare = spec.compare_partitions();
  const std::vector<Labels> partitions = PartitionsOf(inputs.at("labels"));
  const auto P = static_cast<int64_t>(partitions.size());
  ComparisonOptions options;
  options.ami = Wants(compare, Measure::AMI);
  const PartitionComparer comparer(partitions, options);
  std::vector<MeasureTable> tables = MakeTables(compare, P);
  ProgressCounter counter(execution, "comparing", "pairs", P * (P + 1) / 2);
  MODBOUND_RETURN_IF_ERROR(ParallelFor(P, execution, [&](int64_t a) {
    absl::Status status = CompareWithLater(comparer, a, P, execution, tables);
    if (status.ok()) {
      counter.Add(P - a);
    }
    return status;
  }));
  Outcome outcome;
  for (MeasureTable& table : tables) {
    outcome.outputs[table.name] = std::move(table.array);
  }
  if (compare.match_labels()) {
    MODBOUND_ASSIGN_OR_RETURN(outcome.outputs[kMatchedLabels],
                              MatchAll(partitions, execution));
  }
  v1::ComparePartitionsSummary* summary =
      outcome.summary.mutable_compare_partitions();
  summary->set_num_partitions(P);
  summary->set_dropped_units(UnitsDroppedSomewhere(partitions));
  return outcome;
}

}  // namespace

Analysis ComparePartitionsAnalysis() {
  Analysis analysis;
  analysis.kind = "compare_partitions";
  analysis.inputs = {{.name = "labels",
                      .axes = {"P", "N"},
                      .comment = "Partitions, one a row; -1 = not in any.",
                      .labels = true}};
  for (const MeasureColumn& measure : kMeasures) {
    analysis.outputs.push_back(
        {OutputName(measure.word),
         {"partition", "partition"},
         v1::DType::FLOAT64,
         Measure::Name_Name(measure.word) + " of each pair."});
  }
  analysis.outputs.push_back(
      {kMatchedLabels,
       {"partition", "unit"},
       v1::DType::INT32,
       "Partitions renumbered to agree best with the first (match_labels)."});
  analysis.example_spec = R"({"measures": ["ARI", "NMI"]})";
  analysis.plan = PlanComparePartitions;
  analysis.run = RunComparePartitions;
  return analysis;
}

}  // namespace modbound
