#include "core/modules/consensus.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/checkpoint.h"
#include "core/base/parallel.h"
#include "core/base/progress_counter.h"
#include "core/base/random.h"
#include "core/base/saved_state.h"
#include "core/modules/agreement_weights.h"
#include "core/modules/dense_weights.h"
#include "core/modules/labels.h"
#include "core/modules/optimiser.h"
#include "core/modules/quality.h"
#include "core/modules/saved_labels.h"

namespace modbound {
namespace {

// Partitions are taken in this many parts, each split by one thread.
constexpr int64_t kSplitBlocks = 64;

// Rows counted together: their counts stay in cache while the labels of all
// partitions pass once.
constexpr Eigen::Index kAgreementRows = 8;

// The phase of all rounds, for the checkpoint. Its state: rounds done, then the
// partitions that the last of them found.
constexpr char kRounds[] = "consensus";
// Begins the names of the parts of one round.
constexpr char kRound[] = "consensus round ";

// Splits groups by labels. Groups are numbered by first member, whatever the
// order in which partitions split them.
void Split(const Labels& labels, Labels& group) {
  std::unordered_map<int64_t, int32_t> numbers;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const int64_t key = int64_t{group[i]} << 32 | labels[i];
    const auto next = static_cast<int32_t>(numbers.size());
    group[i] = numbers.try_emplace(key, next).first->second;
  }
}

// The group of each unit.
absl::StatusOr<Labels> SplitByAll(const std::vector<Labels>& partitions,
                                  const Execution& execution) {
  const auto runs = static_cast<int64_t>(partitions.size());
  const int64_t blocks = std::min(runs, kSplitBlocks);
  std::vector<Labels> of_block(static_cast<std::size_t>(blocks),
                               Labels(partitions[0].size(), 0));
  ProgressCounter counter(execution, "grouping", "runs", runs);
  MODBOUND_RETURN_IF_ERROR(ParallelFor(blocks, execution, [&](int64_t block) {
    for (int64_t run = block; run < runs; run += blocks) {
      if (execution.stopped()) {
        return StoppedError();
      }
      Split(partitions[static_cast<std::size_t>(run)],
            of_block[static_cast<std::size_t>(block)]);
      counter.Add(1);
    }
    return absl::OkStatus();
  }));
  Labels group = std::move(of_block.front());
  for (std::size_t block = 1; block < of_block.size(); ++block) {
    if (execution.stopped()) {
      return StoppedError();
    }
    Split(of_block[block], group);
  }
  return group;
}

absl::StatusOr<AgreementGroups> GroupUnits(
    const std::vector<Labels>& partitions, const Execution& execution) {
  AgreementGroups groups;
  MODBOUND_ASSIGN_OR_RETURN(groups.group, SplitByAll(partitions, execution));
  groups.size = ModuleSizes(groups.group);
  std::vector<int64_t> first_member(groups.size.size());
  for (std::size_t i = groups.group.size(); i-- > 0;) {
    first_member[groups.group[i]] = static_cast<int64_t>(i);
  }
  for (const Labels& labels : partitions) {
    groups.of_partitions.push_back(RestrictLabels(labels, first_member));
  }
  return groups;
}

// counts(r, j) += partitions that put first + r and j together. counts: some
// rows of a row-major matrix with a column a unit.
absl::Status AddAgreement(const std::vector<Labels>& partitions,
                          Eigen::Index first,
                          Eigen::Ref<CountMatrix> counts,
                          const Execution& execution) {
  for (const Labels& labels : partitions) {
    if (execution.stopped()) {
      return StoppedError();
    }
    const int32_t* label = labels.data();
    for (Eigen::Index r = 0; r < counts.rows(); ++r) {
      const int32_t own = label[first + r];
      if (own < 0) {
        continue;
      }
      int32_t* row = counts.row(r).data();
      for (Eigen::Index j = 0; j < counts.cols(); ++j) {
        row[j] += label[j] == own ? 1 : 0;
      }
    }
  }
  return absl::OkStatus();
}

// Calls visit(first, count) for blocks of rows 0 ... n - 1, in parallel.
absl::Status ForRowBlocks(
    Eigen::Index n,
    const Execution& execution,
    const std::function<absl::Status(Eigen::Index, Eigen::Index)>& visit) {
  ProgressCounter counter(execution, "agreement", "units", n);
  return ParallelForBlocks(n,
                           kAgreementRows,
                           execution,
                           [&](int64_t first, int64_t count) -> absl::Status {
                             MODBOUND_RETURN_IF_ERROR(visit(first, count));
                             counter.Add(count);
                             return absl::OkStatus();
                           });
}

// Row g of the agreement of groups: sums over pairs of units, one of g and one
// of h, of the fraction of partitions that put them together (0 below tau); a
// unit is not paired with itself. counts: of groups, see AddAgreement.
void FillAgreementRow(const AgreementGroups& groups,
                      double tau,
                      Eigen::Index g,
                      const int32_t* counts,
                      double* row) {
  const auto runs = static_cast<double>(groups.of_partitions.size());
  const auto own = static_cast<double>(groups.size[g]);
  const auto count = static_cast<Eigen::Index>(groups.size.size());
  for (Eigen::Index h = 0; h < count; ++h) {
    const double fraction = counts[h] / runs;
    const auto partners =
        static_cast<double>(h == g ? groups.size[h] - 1 : groups.size[h]);
    row[h] = fraction < tau ? 0 : fraction * (own * partners);
  }
}

absl::StatusOr<Matrix> GroupAgreement(const AgreementGroups& groups,
                                      double tau,
                                      const Execution& execution) {
  const auto n = static_cast<Eigen::Index>(groups.size.size());
  Matrix agreement(n, n);
  MODBOUND_RETURN_IF_ERROR(
      ForRowBlocks(n, execution, [&](Eigen::Index first, Eigen::Index count) {
        CountMatrix counts = CountMatrix::Zero(count, n);
        absl::Status status =
            AddAgreement(groups.of_partitions, first, counts, execution);
        for (Eigen::Index r = 0; r < count && status.ok(); ++r) {
          FillAgreementRow(groups,
                           tau,
                           first + r,
                           counts.row(r).data(),
                           agreement.row(first + r).data());
        }
        return status;
      }));
  return agreement;
}

// Mean over partitions of sum_m C(n_m, 2) / C(N, 2): the fraction of pairs
// together when labels fall on units at random.
absl::StatusOr<double> ExpectedAgreement(const std::vector<Labels>& partitions,
                                         const Execution& execution) {
  const auto n = static_cast<double>(partitions[0].size());
  if (n < 2) {
    return 0;
  }
  double sum = 0;
  for (const Labels& labels : partitions) {
    if (execution.stopped()) {
      return StoppedError();
    }
    for (const int64_t size : ModuleSizes(labels)) {
      sum += static_cast<double>(size) * static_cast<double>(size - 1);
    }
  }
  return sum / (n * (n - 1)) / static_cast<double>(partitions.size());
}

// Weights of one round, with groups as nodes, and the sums of what they were
// before they were normalised.
struct Agreement {
  std::shared_ptr<const Weights> weights;
  Vector of_rows;
  double all = 0;
};

// normalised: divided by the sum over all.
absl::StatusOr<Agreement> StoredAgreement(const AgreementGroups& groups,
                                          double tau,
                                          bool normalised,
                                          const Execution& execution) {
  MODBOUND_ASSIGN_OR_RETURN(Matrix values,
                            GroupAgreement(groups, tau, execution));
  Agreement agreement;
  agreement.of_rows = values.rowwise().sum();
  agreement.all = normalised ? agreement.of_rows.sum() : values.sum();
  if (normalised) {
    values *= agreement.all == 0 ? 0 : 1 / agreement.all;
  }
  agreement.weights = WeightsOf(std::move(values));
  return agreement;
}

absl::StatusOr<Agreement> ComputedAgreement(const AgreementGroups& groups,
                                            double tau,
                                            bool normalised,
                                            const Execution& execution) {
  Agreement agreement;
  agreement.of_rows = AgreementWeights(groups, tau, 1).RowSums(execution);
  if (execution.stopped()) {
    return StoppedError();
  }
  agreement.all = agreement.of_rows.sum();
  const double factor = !normalised          ? 1
                        : agreement.all == 0 ? 0
                                             : 1 / agreement.all;
  agreement.weights = std::make_shared<AgreementWeights>(groups, tau, factor);
  return agreement;
}

// The quality of one round, with groups as nodes. kThreshold: no fraction is
// negative, so kNegativeAsym is (W - k k'/s)/s. groups must outlive it.
absl::StatusOr<ModularityProblem> RoundProblem(
    const std::vector<Labels>& partitions,
    const AgreementGroups& groups,
    const ConsensusOptions& options,
    const Execution& execution) {
  const bool threshold = options.method == ConsensusMethod::kThreshold;
  const double tau = threshold ? options.tau : 0;
  const auto count = static_cast<int64_t>(groups.size.size());
  MODBOUND_ASSIGN_OR_RETURN(
      Agreement agreement,
      count > options.max_stored_groups
          ? ComputedAgreement(groups, tau, threshold, execution)
          : StoredAgreement(groups, tau, threshold, execution));
  Vector k = std::move(agreement.of_rows);
  double null = 0;
  if (threshold) {
    null = agreement.all == 0 ? 0 : 1 / (agreement.all * agreement.all);
  } else {
    for (int64_t g = 0; g < count; ++g) {
      k[g] = static_cast<double>(groups.size[g]);
    }
    MODBOUND_ASSIGN_OR_RETURN(null, ExpectedAgreement(partitions, execution));
  }
  return ModularityProblem(std::move(agreement.weights),
                           std::move(k),
                           null,
                           Vector::Zero(count),
                           0,
                           threshold ? 1 : agreement.all);
}

Labels UnitLabels(const AgreementGroups& groups, const Labels& of_groups) {
  Labels labels(groups.group.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    labels[i] = of_groups[groups.group[i]];
  }
  return CanonicalLabels(labels);
}

int64_t CountDistinct(const std::vector<Labels>& partitions) {
  return static_cast<int64_t>(
      std::set<Labels>(partitions.begin(), partitions.end()).size());
}

// Partitions the agreement of `partitions` kConsensusRuns times. Result: the
// labels found, the best first.
absl::StatusOr<std::vector<Labels>> RunRound(
    const std::vector<Labels>& partitions,
    const ConsensusOptions& options,
    int round,
    const Execution& execution) {
  const Execution named = ForPart(execution, absl::StrCat(kRound, round + 1));
  MODBOUND_ASSIGN_OR_RETURN(const AgreementGroups groups,
                            GroupUnits(partitions, named));
  MODBOUND_ASSIGN_OR_RETURN(const ModularityProblem problem,
                            RoundProblem(partitions, groups, options, named));
  MODBOUND_ASSIGN_OR_RETURN(
      const std::vector<PartitionRun> runs,
      PartitionRuns(
          problem,
          Algorithm::kLeiden,
          kConsensusRuns,
          options.seed,
          RandomPurpose::kConsensusRun,
          static_cast<uint64_t>(kConsensusRuns) * static_cast<uint64_t>(round),
          named));
  std::vector<Labels> found;
  found.reserve(runs.size());
  for (const PartitionRun& run : runs) {
    found.push_back(UnitLabels(groups, run.labels));
  }
  std::swap(found.front(), found[static_cast<std::size_t>(BestRun(runs))]);
  return found;
}

void KeepRounds(int rounds,
                const std::vector<Labels>& found,
                const Execution& execution) {
  if (execution.checkpoint == nullptr) {
    return;
  }
  StateWriter state;
  state.AddInt(rounds);
  for (const Labels& labels : found) {
    SaveLabels(labels, state);
  }
  execution.checkpoint->Keep(execution.Name(kRounds), std::move(state).Take());
  execution.checkpoint->Drop(execution.Name(kRound));
}

// Rounds that an earlier attempt did; sets `found` unless 0.
int LoadRounds(int64_t units,
               const ConsensusOptions& options,
               const Execution& execution,
               std::vector<Labels>& found) {
  if (execution.checkpoint == nullptr) {
    return 0;
  }
  const std::string bytes = execution.checkpoint->Last(execution.Name(kRounds));
  StateReader state(bytes);
  int64_t rounds = 0;
  if (!state.ReadInt(rounds) || rounds < 1 || rounds > options.max_rounds) {
    return 0;
  }
  std::vector<Labels> kept(static_cast<std::size_t>(kConsensusRuns));
  for (Labels& labels : kept) {
    if (!LoadLabels(units, state, labels)) {
      return 0;
    }
  }
  found = std::move(kept);
  return static_cast<int>(rounds);
}

}  // namespace

absl::StatusOr<ConsensusPartition> Consensus(
    const std::vector<Labels>& partitions,
    const ConsensusOptions& options,
    const Execution& execution) {
  MODBOUND_CHECK(options.method != ConsensusMethod::kNone);
  MODBOUND_CHECK(!partitions.empty() && options.max_rounds >= 1);
  std::vector<Labels> found;
  int round = LoadRounds(
      static_cast<int64_t>(partitions[0].size()), options, execution, found);
  ConsensusPartition result;
  result.distinct = round == 0 ? 0 : CountDistinct(found);
  while (round < options.max_rounds && result.distinct != 1) {
    MODBOUND_ASSIGN_OR_RETURN(
        found,
        RunRound(round == 0 ? partitions : found, options, round, execution));
    KeepRounds(++round, found, execution);
    result.distinct = CountDistinct(found);
  }
  result.labels = std::move(found.front());
  result.rounds = round;
  return result;
}

absl::Status AddAgreementCounts(const std::vector<Labels>& partitions,
                                const Execution& execution,
                                Eigen::Ref<CountMatrix> counts) {
  return ForRowBlocks(
      counts.rows(), execution, [&](Eigen::Index first, Eigen::Index count) {
        MODBOUND_RETURN_IF_ERROR(AddAgreement(
            partitions, first, counts.middleRows(first, count), execution));
        for (Eigen::Index i = first; i < first + count; ++i) {
          for (const Labels& labels : partitions) {
            counts(i, i) -= labels[i] < 0 ? 0 : 1;
          }
        }
        return absl::OkStatus();
      });
}

}  // namespace modbound
