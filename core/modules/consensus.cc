#include "core/modules/consensus.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/base/check.h"
#include "core/modules/labels.h"
#include "core/modules/louvain.h"
#include "core/modules/quality.h"

namespace modbound {
namespace {

// Partitions made in each round (Lancichinetti & Fortunato 2012 and the
// reference implementation of the threshold method use as many).
constexpr int64_t kRepeats = 100;

// Units that share a module in every partition, as one node each.
struct Groups {
  Labels group;                       // of each unit, by first member
  std::vector<int64_t> size;          // units of each group
  std::vector<Labels> of_partitions;  // each partition's label of each group
};

Groups GroupUnits(const std::vector<Labels>& partitions) {
  const std::size_t n = partitions[0].size();
  Groups groups;
  groups.group.assign(n, 0);
  for (const Labels& labels : partitions) {
    // Splits the groups so far by this partition's labels.
    std::unordered_map<int64_t, int32_t> numbers;
    for (std::size_t i = 0; i < n; ++i) {
      const int64_t key = int64_t{groups.group[i]} << 32 | labels[i];
      const auto next = static_cast<int32_t>(numbers.size());
      groups.group[i] = numbers.try_emplace(key, next).first->second;
    }
  }
  groups.size = ModuleSizes(groups.group);
  for (const Labels& labels : partitions) {
    Labels of_group(groups.size.size());
    for (std::size_t i = 0; i < n; ++i) {
      of_group[groups.group[i]] = labels[i];
    }
    groups.of_partitions.push_back(std::move(of_group));
  }
  return groups;
}

// Sums over pairs of units, by group, of the fraction of partitions that put
// them together; a unit is not paired with itself.
Matrix GroupAgreement(const Groups& groups, double tau) {
  const auto count = static_cast<Eigen::Index>(groups.size.size());
  const double runs = static_cast<double>(groups.of_partitions.size());
  Matrix agreement = Matrix::Zero(count, count);
  for (const Labels& labels : groups.of_partitions) {
    for (Eigen::Index g = 0; g < count; ++g) {
      double* row = agreement.data() + g * count;
      const int32_t own = labels[g];
      for (Eigen::Index h = 0; h < count; ++h) {
        row[h] += labels[h] == own ? 1.0 : 0.0;
      }
    }
  }
  for (Eigen::Index g = 0; g < count; ++g) {
    for (Eigen::Index h = 0; h < count; ++h) {
      const double fraction = agreement(g, h) / runs;
      const auto pairs =
          static_cast<double>(groups.size[g]) *
          static_cast<double>(g == h ? groups.size[h] - 1 : groups.size[h]);
      agreement(g, h) = fraction < tau ? 0 : fraction * pairs;
    }
  }
  return agreement;
}

// Mean over partitions of sum_m C(n_m, 2) / C(N, 2): the fraction of pairs
// together when labels fall on units at random.
double ExpectedAgreement(const std::vector<Labels>& partitions) {
  const auto n = static_cast<double>(partitions[0].size());
  if (n < 2) {
    return 0;
  }
  double sum = 0;
  for (const Labels& labels : partitions) {
    for (const int64_t size : ModuleSizes(labels)) {
      sum += static_cast<double>(size) * static_cast<double>(size - 1);
    }
  }
  return sum / (n * (n - 1)) / static_cast<double>(partitions.size());
}

// The quality of one round, with groups as nodes. kThreshold: no fraction is
// negative, so kNegativeAsym is (W - k k'/s)/s.
ModularityProblem RoundProblem(const std::vector<Labels>& partitions,
                               const Groups& groups,
                               const ConsensusOptions& options) {
  const bool threshold = options.method == ConsensusMethod::kThreshold;
  Matrix agreement = GroupAgreement(groups, threshold ? options.tau : 0);
  const Eigen::Index count = agreement.rows();
  Vector k(count);
  double null = 0;
  double scale = 0;
  if (threshold) {
    k = agreement.rowwise().sum();
    const double s = k.sum();
    agreement *= s == 0 ? 0 : 1 / s;
    null = s == 0 ? 0 : 1 / (s * s);
    scale = 1;
  } else {
    for (Eigen::Index g = 0; g < count; ++g) {
      k[g] = static_cast<double>(groups.size[g]);
    }
    null = ExpectedAgreement(partitions);
    scale = agreement.sum();
  }
  return ModularityProblem(
      std::move(agreement), std::move(k), null, Vector::Zero(count), 0, scale);
}

Labels UnitLabels(const Groups& groups, const Labels& of_groups) {
  Labels labels(groups.group.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    labels[i] = of_groups[groups.group[i]];
  }
  return CanonicalLabels(labels);
}

bool AllEqual(const std::vector<Labels>& partitions) {
  return std::all_of(
      partitions.begin() + 1, partitions.end(), [&](const Labels& labels) {
        return labels == partitions.front();
      });
}

}  // namespace

absl::StatusOr<Labels> Consensus(const std::vector<Labels>& partitions,
                                 const ConsensusOptions& options,
                                 const Execution& execution) {
  MODBOUND_CHECK(options.method != ConsensusMethod::kNone);
  MODBOUND_CHECK(!partitions.empty());
  std::vector<Labels> current;
  for (const Labels& labels : partitions) {
    current.push_back(CanonicalLabels(labels));
  }
  Execution quiet = execution;  // these runs are not the caller's runs
  quiet.progress = nullptr;
  Labels best = current[0];
  for (int round = 0; round < options.max_rounds; ++round) {
    const Groups groups = GroupUnits(current);
    const ModularityProblem problem = RoundProblem(current, groups, options);
    MODBOUND_ASSIGN_OR_RETURN(const std::vector<PartitionRun> runs,
                              PartitionRuns(problem,
                                            kRepeats,
                                            options.seed,
                                            RandomPurpose::kConsensusRun,
                                            static_cast<uint64_t>(kRepeats) *
                                                static_cast<uint64_t>(round),
                                            quiet));
    best = UnitLabels(groups, runs[BestRun(runs)].labels);
    current.clear();
    for (const PartitionRun& run : runs) {
      current.push_back(UnitLabels(groups, run.labels));
    }
    if (AllEqual(current)) {
      return current.front();
    }
  }
  return best;
}

Eigen::Matrix<int32_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>
AgreementCounts(const std::vector<Labels>& partitions) {
  const auto n =
      partitions.empty() ? 0 : static_cast<Eigen::Index>(partitions[0].size());
  Eigen::Matrix<int32_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>
      counts(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    int32_t* row = counts.data() + i * n;
    std::fill(row, row + n, 0);
    // One row at a time stays in cache over all partitions.
    for (const Labels& labels : partitions) {
      const int32_t own = labels[i];
      if (own < 0) {
        continue;
      }
      for (Eigen::Index j = 0; j < n; ++j) {
        row[j] += labels[j] == own ? 1 : 0;
      }
    }
    row[i] = 0;
  }
  return counts;
}

}  // namespace modbound
