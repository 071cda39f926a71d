#include "core/modules/agreement_weights.h"

#include <numeric>

#include "core/base/random.h"
#include "core/modules/dense_weights.h"
#include "core/modules/labels.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

Labels LabelsOfGroups(int64_t n, int64_t modules, uint64_t seed) {
  RandomStream random(seed, RandomPurpose::kControlUnits, 0);
  Labels labels;
  for (int64_t i = 0; i < n; ++i) {
    labels.push_back(static_cast<int32_t>(random.Index(modules)));
  }
  return labels;
}

// 150 groups of one to three units in 7 partitions.
AgreementGroups Groups() {
  AgreementGroups groups;
  for (int64_t g = 0; g < 150; ++g) {
    groups.size.push_back(1 + g % 3);
  }
  for (uint64_t run = 0; run < 7; ++run) {
    groups.of_partitions.push_back(LabelsOfGroups(150, 4, run));
  }
  return groups;
}

// Pair by pair of groups.
Matrix SlowAgreement(const AgreementGroups& groups, double tau, double factor) {
  const auto n = static_cast<Eigen::Index>(groups.size.size());
  Matrix slow = Matrix::Zero(n, n);
  for (Eigen::Index g = 0; g < n; ++g) {
    for (Eigen::Index h = 0; h < n; ++h) {
      double together = 0;
      for (const Labels& labels : groups.of_partitions) {
        together += labels[g] == labels[h] ? 1 : 0;
      }
      const double fraction = together / 7;
      const int64_t pairs =
          groups.size[g] * (groups.size[h] - (g == h ? 1 : 0));
      slow(g, h) =
          fraction < tau ? 0 : factor * fraction * static_cast<double>(pairs);
    }
  }
  return slow;
}

TEST(AgreementWeights, AreThoseOfTheStoredMatrix) {
  const AgreementGroups groups = Groups();
  for (const double tau : {0.0, 0.5}) {
    const AgreementWeights computed(groups, tau, 0.25);
    const Matrix slow = SlowAgreement(groups, tau, 0.25);
    const std::shared_ptr<const Weights> stored = WeightsOf(slow);
    Execution four;
    four.threads = 4;
    const Labels labels = CompactLabels(LabelsOfGroups(150, 6, 9));
    std::vector<int64_t> all(150);
    std::iota(all.begin(), all.end(), 0);
    EXPECT_LT((computed.Restrict(all, four) - slow).norm(), 1e-12);
    EXPECT_LT((computed.RowSums(four) - slow.rowwise().sum()).norm(), 1e-12);
    EXPECT_NEAR(computed.Sum(Execution()), slow.sum(), 1e-10);
    EXPECT_NEAR(computed.Trace(), slow.trace(), 1e-12);
    const auto within = computed.SumsWithin({labels, Labels(150, 0)}, four);
    const auto expected = stored->SumsWithin({labels, Labels(150, 0)}, {});
    ASSERT_TRUE(within.ok() && expected.ok());
    EXPECT_NEAR((*within)[0], (*expected)[0], 1e-10);
    EXPECT_NEAR((*within)[1], (*expected)[1], 1e-10);
    Matrix sums = Matrix::Zero(6, 150);
    Matrix stored_sums = Matrix::Zero(6, 150);
    computed.AddAddends(labels, four, sums);
    stored->AddAddends(labels, four, stored_sums);
    EXPECT_LT((sums - stored_sums).norm(), 1e-11);
    EXPECT_LT((computed.BetweenFromRows(labels, 6, four) -
               stored->Between(labels, 6, stored_sums))
                  .norm(),
              1e-10);
    Vector links(6);
    const auto rows = computed.MakeRows();
    std::vector<int32_t> nodes(150);
    std::iota(nodes.rbegin(), nodes.rend(), 0);
    rows->Begin(nodes, four);
    for (const int32_t node : nodes) {
      rows->Links(node, labels, 6, links.data());
      EXPECT_LT((links - stored_sums.col(node)).norm(), 1e-11);
    }
  }
}

}  // namespace
}  // namespace modbound
