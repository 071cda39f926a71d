#include "core/modules/consensus.h"

#include <algorithm>
#include <functional>
#include <string>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/modules/compare.h"
#include "core/modules/labels.h"
#include "gtest/gtest.h"
#include "quality_oracle.h"
#include "support/golden.h"
#include "support/threads.h"

namespace modbound {
namespace {

std::vector<Labels> Rows(const Matrix& matrix) {
  std::vector<Labels> rows;
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    rows.emplace_back(matrix.row(i).begin(), matrix.row(i).end());
  }
  return rows;
}

ConsensusOptions WithMethod(ConsensusMethod method) {
  ConsensusOptions options;
  options.method = method;
  return options;
}

constexpr ConsensusMethod kBoth[] = {ConsensusMethod::kThreshold,
                                     ConsensusMethod::kExpected};

// `runs` partitions of groups into up to `modules` modules, written out for the
// units of the groups.
std::vector<Labels> RunsOfGroups(const std::vector<int>& sizes,
                                 int runs,
                                 int modules,
                                 uint64_t seed) {
  RandomStream random(seed, RandomPurpose::kControlUnits, 0);
  std::vector<Labels> partitions(static_cast<std::size_t>(runs));
  for (Labels& labels : partitions) {
    for (const int size : sizes) {
      labels.insert(labels.end(),
                    static_cast<std::size_t>(size),
                    static_cast<int32_t>(random.Index(modules)));
    }
  }
  return partitions;
}

absl::StatusOr<CountMatrix> CountsOf(const std::vector<Labels>& partitions,
                                     const Execution& execution) {
  const auto n =
      static_cast<Eigen::Index>(partitions.empty() ? 0 : partitions[0].size());
  CountMatrix counts = CountMatrix::Zero(n, n);
  MODBOUND_RETURN_IF_ERROR(AddAgreementCounts(partitions, execution, counts));
  return counts;
}

TEST(AgreementCounts, AgreesWithGolden) {
  const auto counts =
      CountsOf(Rows(LoadGolden("partition_stats", "partitions").ToMatrix()),
               Execution());
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(Matrix(counts->cast<double>()),
            LoadGolden("partition_stats", "agreement").ToMatrix());
  const auto runs =
      CountsOf(Rows(LoadGolden("partition_stats", "consensus_runs").ToMatrix()),
               Threads(2));
  ASSERT_TRUE(runs.ok());
  ExpectClose(runs->cast<double>() / 100,
              LoadGolden("partition_stats", "consensus_agreement").ToMatrix(),
              0,
              1e-12,
              "consensus_agreement");
}

TEST(AgreementCounts, ExcludedUnitsAgreeWithNobody) {
  Matrix expected(3, 3);
  expected << 0, 1, 0, 1, 0, 0, 0, 0, 0;
  const auto counts = CountsOf({{0, 0, -1}, {0, 1, -1}}, Execution());
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->cast<double>(), expected);
  EXPECT_EQ(CountsOf({}, Execution())->size(), 0);
}

TEST(AgreementCounts, StopsBetweenBlocksOfRows) {
  const std::vector<Labels> runs =
      RunsOfGroups(std::vector<int>(200, 1), 3, 4, 1);
  StopFlag stop;
  Execution execution;
  execution.stop = &stop;
  int64_t done = -1;
  execution.progress = [&](const ProgressUpdate& update) {
    EXPECT_EQ(update.total, 200);
    EXPECT_GT(update.done, done);
    done = update.done;
    if (update.done > 0) {
      stop.Stop();
    }
  };
  EXPECT_EQ(ReasonOf(CountsOf(runs, execution).status()), reason::kCancelled);
  // The report that set the flag was the last.
  EXPECT_GT(done, 0);
  EXPECT_LT(done, 100);
}

Labels LabelsOf(const std::vector<Labels>& runs,
                const ConsensusOptions& options,
                const Execution& execution) {
  return Consensus(runs, options, execution)->labels;
}

TEST(Consensus, AgreesWithGoldenPartition) {
  const std::vector<Labels> runs =
      Rows(LoadGolden("partition_stats", "consensus_runs").ToMatrix());
  const Labels expected =
      LoadGolden("partition_stats", "consensus_partition").ToLabels();
  for (const ConsensusMethod method : kBoth) {
    const auto labels = Consensus(runs, WithMethod(method), Execution());
    ASSERT_TRUE(labels.ok());
    EXPECT_EQ(AdjustedRandIndex(labels->labels, expected), 1);
    EXPECT_EQ(labels->labels, CanonicalLabels(labels->labels));
    EXPECT_EQ(labels->distinct, 1);
  }
}

TEST(Consensus, OfEqualPartitionsIsThatPartition) {
  const Labels labels = {0, 0, 0, 1, 1, 2};
  for (const ConsensusMethod method : kBoth) {
    EXPECT_EQ(LabelsOf({labels, labels}, WithMethod(method), Execution()),
              labels);
  }
}

TEST(Consensus, FollowsTheMajority) {
  // Unit 2 is with 0 and 1 in two runs of three.
  const std::vector<Labels> runs = {
      {0, 0, 0, 1, 1, 1}, {0, 0, 0, 1, 1, 1}, {1, 1, 0, 0, 0, 0}};
  for (const ConsensusMethod method : kBoth) {
    EXPECT_EQ(LabelsOf(runs, WithMethod(method), Execution()),
              (Labels{0, 0, 0, 1, 1, 1}));
  }
}

TEST(Consensus, NeverPartsUnitsThatAllRunsJoin) {
  RandomStream random(4, RandomPurpose::kControlUnits, 0);
  std::vector<Labels> runs(7, Labels(30));
  for (Labels& run : runs) {
    for (std::size_t i = 0; i < run.size(); i += 2) {
      run[i] = run[i + 1] = static_cast<int32_t>(random.Index(4));
    }
  }
  for (const ConsensusMethod method : kBoth) {
    const Labels labels = LabelsOf(runs, WithMethod(method), Execution());
    for (std::size_t i = 0; i < labels.size(); i += 2) {
      EXPECT_EQ(labels[i], labels[i + 1]);
    }
  }
}

// Three modules of 30 units, of which a third goes elsewhere in each run: no
// two units are always together.
TEST(Consensus, OfAgreementThatIsNotStoredFindsTheSame) {
  RandomStream random(6, RandomPurpose::kControlUnits, 0);
  std::vector<Labels> runs(25, Labels(90));
  for (Labels& run : runs) {
    for (std::size_t i = 0; i < run.size(); ++i) {
      run[i] =
          static_cast<int32_t>(random.Index(3) == 0 ? random.Index(3) : i / 30);
    }
  }
  Labels planted(90);
  for (std::size_t i = 0; i < planted.size(); ++i) {
    planted[i] = static_cast<int32_t>(i / 30);
  }
  for (const ConsensusMethod method : kBoth) {
    ConsensusOptions options = WithMethod(method);
    EXPECT_EQ(LabelsOf(runs, options, Execution()), planted);
    options.max_stored_groups = 10;
    // What is stored is counted first.
    Execution execution;
    execution.progress = [](const ProgressUpdate& update) {
      EXPECT_EQ(update.phase.find("agreement"), std::string::npos)
          << update.phase;
    };
    EXPECT_EQ(LabelsOf(runs, options, execution), planted);
    EXPECT_EQ(LabelsOf(runs, options, Threads(4)), planted);
  }
}

TEST(Consensus, EndsAndIsRepeatableWithoutAnyStructure) {
  RandomStream random(5, RandomPurpose::kControlUnits, 0);
  std::vector<Labels> runs(10, Labels(60));
  for (Labels& run : runs) {
    for (int32_t& label : run) {
      label = static_cast<int32_t>(random.Index(5));
    }
  }
  for (const ConsensusMethod method : kBoth) {
    ConsensusOptions options = WithMethod(method);
    options.tau = 0.1;
    const auto one = Consensus(runs, options, Execution());
    ASSERT_TRUE(one.ok());
    EXPECT_EQ(one->labels, LabelsOf(runs, options, Threads(4)));
    EXPECT_GT(one->rounds, 1);
    EXPECT_EQ(one->distinct, 1);
    options.max_rounds = 1;
    const auto cut = Consensus(runs, options, Execution());
    ASSERT_TRUE(cut.ok());
    EXPECT_EQ(cut->rounds, 1);
    EXPECT_GT(cut->distinct, 1);
  }
}

TEST(Consensus, ExpectedAgreementIsThatOfPairsOfDifferentUnits) {
  // Four units, two modules of two in each of ten runs: 01|23 four times, 02|13
  // and 03|12 three times each. Random labels join a pair with probability
  // (1 + 1) / C(4, 2) = 1/3: 0 and 1, together in .4 of the runs, belong
  // together, the others (.3) do not. With (n_m / N)^2 in place of
  // C(n_m, 2) / C(N, 2) it would be 1/2, and no pair together.
  std::vector<Labels> runs(10, Labels{0, 0, 1, 1});
  runs[4] = runs[5] = runs[6] = {0, 1, 0, 1};
  runs[7] = runs[8] = runs[9] = {0, 1, 1, 0};
  EXPECT_EQ(LabelsOf(runs, WithMethod(ConsensusMethod::kExpected), Execution()),
            (Labels{0, 0, 1, 1}));
}

// Quality of labels on the agreement of single units, as consensus.h defines
// it, in the functions' full matrices.
double UnitQuality(const std::vector<Labels>& runs,
                   const ConsensusOptions& options,
                   const Labels& labels) {
  const auto n = static_cast<Eigen::Index>(runs[0].size());
  OracleCase oracle{Matrix::Zero(n, n), Matrix::Zero(n, n), {}};
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j) {
      double together = 0;
      for (const Labels& run : runs) {
        together += i != j && run[i] == run[j] ? 1 : 0;
      }
      oracle.weights(i, j) = together / static_cast<double>(runs.size());
    }
  }
  QualityOptions quality;
  if (options.method == ConsensusMethod::kThreshold) {
    oracle.weights =
        (oracle.weights.array() < options.tau).select(0, oracle.weights);
    quality.function = QualityFunction::kNegativeAsym;
  } else {
    // The mean fraction of pairs together is sum_m C(n_m, 2) / C(N, 2).
    oracle.null_matrix.setConstant(oracle.weights.sum() /
                                   static_cast<double>(n * (n - 1)));
    quality.function = QualityFunction::kCustom;
  }
  return SumWithin(FullQualityMatrix(oracle, quality), labels);
}

// The largest quality of any partition that keeps each group together.
double BestOfGroups(const std::vector<int>& sizes,
                    const std::vector<Labels>& runs,
                    const ConsensusOptions& options) {
  double best = -1e300;
  Labels of_groups(sizes.size(), 0);
  const std::function<void(std::size_t, int32_t)> visit = [&](std::size_t group,
                                                              int32_t used) {
    if (group == sizes.size()) {
      Labels labels;
      for (std::size_t g = 0; g < sizes.size(); ++g) {
        labels.insert(
            labels.end(), static_cast<std::size_t>(sizes[g]), of_groups[g]);
      }
      best = std::max(best, UnitQuality(runs, options, labels));
      return;
    }
    for (int32_t label = 0; label <= used; ++label) {
      of_groups[group] = label;
      visit(group + 1, std::max(used, label + 1));
    }
  };
  visit(0, 0);
  return best;
}

TEST(Consensus, MergedGroupsHaveTheQualityOfTheirUnits) {
  const std::vector<int> sizes = {5, 1, 2, 1, 3, 1};
  for (const ConsensusMethod method : kBoth) {
    for (uint64_t seed = 0; seed < 10; ++seed) {
      const std::vector<Labels> runs = RunsOfGroups(sizes, 5, 3, seed);
      ConsensusOptions options = WithMethod(method);
      options.tau = 0.3;
      options.max_rounds = 1;  // the best partition of the runs' agreement
      const auto labels = Consensus(runs, options, Execution());
      ASSERT_TRUE(labels.ok());
      EXPECT_NEAR(UnitQuality(runs, options, labels->labels),
                  BestOfGroups(sizes, runs, options),
                  1e-12)
          << "method " << static_cast<int>(method) << " seed " << seed;
    }
  }
}

TEST(Consensus, AboveTauOneOnlyUnanimousUnitsStayTogether) {
  // tau 1: only pairs together in every run keep their weight.
  ConsensusOptions options = WithMethod(ConsensusMethod::kThreshold);
  options.tau = 1;
  EXPECT_EQ(LabelsOf({{0, 0, 0, 0}, {0, 0, 1, 2}}, options, Execution()),
            (Labels{0, 0, 1, 2}));
}

TEST(Consensus, StopsInEveryPhase) {
  const std::vector<Labels> runs =
      RunsOfGroups(std::vector<int>(100, 1), 20, 5, 2);
  for (const char* phase : {"grouping", "agreement", "partitioning"}) {
    for (const ConsensusMethod method : kBoth) {
      const std::string stop_in = std::string("consensus round 1, ") + phase;
      StopFlag stop;
      Execution execution;
      execution.stop = &stop;
      int64_t reports_after = 0;
      execution.progress = [&](const ProgressUpdate& update) {
        reports_after += stop.stopped() ? 1 : 0;
        if (update.phase == stop_in && update.done > 0) {
          EXPECT_LT(update.done, update.total);
          stop.Stop();
        }
      };
      EXPECT_EQ(
          ReasonOf(Consensus(runs, WithMethod(method), execution).status()),
          reason::kCancelled);
      EXPECT_TRUE(stop.stopped()) << stop_in;
      EXPECT_EQ(reports_after, 0) << stop_in;
    }
  }
}

}  // namespace
}  // namespace modbound
