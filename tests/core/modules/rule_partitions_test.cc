#include "core/modules/rule_partitions.h"

#include <cmath>
#include <string>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "support/golden.h"

namespace modbound {
namespace {

constexpr char kCase[] = "weight_similarity";

TEST(SectorLabels, AgreesWithGolden) {
  for (const std::string k : {"k2", "k3", "k8"}) {
    const auto labels =
        SectorLabels(LoadGolden(kCase, "weights_" + k).ToMatrix());
    ASSERT_TRUE(labels.ok());
    EXPECT_EQ(*labels, LoadGolden(kCase, "sector_" + k).ToLabels()) << k;
  }
}

TEST(SixRuleLabels, AgreesWithGolden) {
  const auto labels = SixRuleLabels(LoadGolden(kCase, "weights_k2").ToMatrix());
  ASSERT_TRUE(labels.ok());
  EXPECT_EQ(*labels, LoadGolden(kCase, "six_rules_k2").ToLabels());
}

TEST(EightRuleLabels, AgreesWithGolden) {
  const auto labels =
      EightRuleLabels(LoadGolden(kCase, "weights_k2").ToMatrix());
  ASSERT_TRUE(labels.ok());
  EXPECT_EQ(*labels, LoadGolden(kCase, "eight_rules_k2").ToLabels());
}

TEST(RulePartitions, TiesAndZeros) {
  // Equal weights: the second input counts as the stronger; 0 is not positive.
  Matrix weights(8, 2);
  weights << 1, 1, -1, -1, 0, 0, 1, -1, -1, 1, 0, 1, 1, 0, 0, -1;
  EXPECT_EQ(*SectorLabels(weights), (Labels{3, 0, 0, 1, 2, 2, 1, 0}));
  EXPECT_EQ(*SixRuleLabels(weights), (Labels{2, 6, 6, 3, 4, 4, 3, 6}));
  EXPECT_EQ(*EightRuleLabels(weights), (Labels{2, 8, 8, 4, 6, 6, 3, 8}));
}

TEST(SectorLabels, NumbersEveryOrthantOfTheMostInputs) {
  EXPECT_EQ(*SectorLabels(Matrix::Ones(1, kMaxSectorInputs)),
            Labels{0x7fffffff});
  EXPECT_EQ(*SectorLabels(Matrix(0, 3)), Labels{});
}

TEST(RulePartitions, RefuseWhatTheyAreNotDefinedFor) {
  for (const int64_t columns : {int64_t{0}, kMaxSectorInputs + 1}) {
    const absl::Status status = SectorLabels(Matrix::Ones(2, columns)).status();
    EXPECT_EQ(ReasonOf(status), reason::kWrongShape);
    EXPECT_EQ(FieldOf(status), "weights");
  }
  EXPECT_EQ(ReasonOf(SixRuleLabels(Matrix::Ones(2, 3)).status()),
            reason::kWrongShape);
  EXPECT_EQ(ReasonOf(EightRuleLabels(Matrix::Ones(2, 1)).status()),
            reason::kWrongShape);
  EXPECT_EQ(
      ReasonOf(EightRuleLabels(Matrix::Constant(1, 2, std::nan(""))).status()),
      reason::kNotFinite);
}

}  // namespace
}  // namespace modbound
