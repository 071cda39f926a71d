#include "core/modules/factor_sums.h"

#include "core/base/random.h"
#include "gtest/gtest.h"
#include "support/random_matrix.h"

namespace modbound {
namespace {

Labels RandomLabelling(int64_t n, int64_t modules, uint64_t seed) {
  RandomStream random(seed, RandomPurpose::kControlUnits, 0);
  Labels labels;
  for (int64_t i = 0; i < n; ++i) {
    labels.push_back(static_cast<int32_t>(random.Index(modules)));
  }
  return labels;
}

// The sum over modules of |S_m|^2, written out.
double SlowSum(const Matrix& Z, const Labels& labels) {
  double sum = 0;
  for (Eigen::Index i = 0; i < Z.rows(); ++i) {
    for (Eigen::Index j = 0; j < Z.rows(); ++j) {
      sum += labels[i] == labels[j] ? Z.row(i).dot(Z.row(j)) : 0;
    }
  }
  return sum;
}

// Columns: less than a block, a block, some blocks and a rest.
TEST(SquaredModuleSums, AreSumsOverPairsOfOneLabel) {
  for (const int64_t columns : {1, 32, 75}) {
    const Matrix Z = RandomMatrix(40, columns, 1);
    const std::vector<Labels> batch = {RandomLabelling(40, 3, 1),
                                       RandomLabelling(40, 7, 2),
                                       RandomLabelling(40, 1, 3)};
    const auto sums = SquaredModuleSums(Z, batch, Execution());
    ASSERT_TRUE(sums.ok()) << sums.status();
    for (std::size_t b = 0; b < batch.size(); ++b) {
      EXPECT_NEAR((*sums)[b], SlowSum(Z, batch[b]), 1e-10) << columns;
    }
  }
}

// Also where the sums of one labelling alone are more than are taken at once.
TEST(SquaredModuleSums, OfABatchAreBitForBitThoseOneByOneAtAnyThreads) {
  const Matrix Z = RandomMatrix(1500, 70, 2);
  std::vector<Labels> batch;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    batch.push_back(RandomLabelling(1500, seed % 2 == 0 ? 5 : 1400, seed));
  }
  Execution four;
  four.threads = 4;
  const auto together = SquaredModuleSums(Z, batch, four);
  ASSERT_TRUE(together.ok());
  for (std::size_t b = 0; b < batch.size(); ++b) {
    EXPECT_EQ((*together)[b],
              SquaredModuleSums(Z, {batch[b]}, Execution()).value()[0]);
  }
}

}  // namespace
}  // namespace modbound
