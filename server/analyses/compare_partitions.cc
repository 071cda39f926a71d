#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/modules/compare.h"
#include "server/analyses/analysis.h"
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
  const auto p = static_cast<double>(std::max<int64_t>(P, 0));
  const auto n = static_cast<double>(std::max<int64_t>(shape[1], 0));
  plan.max_threads = static_cast<int>(std::clamp<int64_t>(P, 1, 64));
  // Input and labels; results; a contingency table a thread, at most n cells a
  // side.
  plan.memory_bytes = static_cast<int64_t>(std::min(
      16 * p * n + 10 * 8 * p * p + 8 * plan.max_threads * (16 * n), 9e18));
  return plan;
}

// Rows of comparisons of partition a with a, a + 1, ..., P - 1.
using Rows = std::vector<std::vector<PartitionComparison>>;

absl::StatusOr<Rows> CompareAll(const std::vector<Labels>& partitions,
                                bool ami,
                                const Execution& execution) {
  Rows rows(partitions.size());
  ComparisonOptions options;
  options.ami = ami;
  MODBOUND_RETURN_IF_ERROR(ParallelFor(
      static_cast<int64_t>(partitions.size()), execution, [&](int64_t a) {
        const auto first = static_cast<std::size_t>(a);
        for (std::size_t b = first; b < partitions.size(); ++b) {
          if (execution.stopped()) {
            return StoppedError();
          }
          rows[first].push_back(
              ComparePartitions(partitions[first], partitions[b], options));
        }
        return absl::OkStatus();
      }));
  return rows;
}

std::vector<Labels> SplitRows(const HostArray& array) {
  const Labels all = array.ToLabels();
  const int64_t N = array.shape()[1];
  std::vector<Labels> partitions;
  for (int64_t p = 0; p < array.shape()[0]; ++p) {
    partitions.emplace_back(all.begin() + p * N, all.begin() + (p + 1) * N);
  }
  return partitions;
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
  const std::vector<Labels> partitions = SplitRows(inputs.at("labels"));
  MODBOUND_ASSIGN_OR_RETURN(
      const Rows rows,
      CompareAll(partitions, Wants(compare, Measure::AMI), execution));
  const auto P = static_cast<Eigen::Index>(partitions.size());
  Outcome outcome;
  for (const MeasureColumn& measure : kMeasures) {
    if (!Wants(compare, measure.word)) {
      continue;
    }
    Matrix values(P, P);
    for (Eigen::Index a = 0; a < P; ++a) {
      for (Eigen::Index b = a; b < P; ++b) {
        const PartitionComparison& pair =
            rows[static_cast<std::size_t>(a)][static_cast<std::size_t>(b - a)];
        values(a, b) = values(b, a) = pair.*measure.value;
      }
    }
    outcome.outputs[OutputName(measure.word)] =
        HostArray::FromMatrix(values, {"partition", "partition"});
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
  analysis.example_spec = R"({"measures": ["ARI", "NMI"]})";
  analysis.plan = PlanComparePartitions;
  analysis.run = RunComparePartitions;
  return analysis;
}

}  // namespace modbound
