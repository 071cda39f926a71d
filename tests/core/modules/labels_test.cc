#include "core/modules/labels.h"

#include "core/base/error.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(CanonicalLabels, CountsByFallingSizeThenFirstMember) {
  // Sizes: 7 has 1 unit, 2 has 3, 9 has 1, -1 is left out.
  EXPECT_EQ(CanonicalLabels({7, 2, 2, -1, 9, 2}), (Labels{1, 0, 0, -1, 2, 0}));
  EXPECT_EQ(CanonicalLabels({5, 3, 3, 5}), (Labels{0, 1, 1, 0}));
  EXPECT_EQ(CanonicalLabels({-5, -1}), (Labels{-1, -1}));
  EXPECT_EQ(CanonicalLabels({}), Labels{});
}

TEST(CanonicalLabels, DoesNotDependOnTheNumbersGiven) {
  EXPECT_EQ(CanonicalLabels({4, 4, 8, 0, 8, 4}),
            CanonicalLabels({1, 1, 0, 2, 0, 1}));
}

TEST(CompactLabels, KeepsTheOrderOfNumbers) {
  EXPECT_EQ(CompactLabels({7, 2, 2, -1, 9}), (Labels{1, 0, 0, -1, 2}));
}

TEST(ModuleSizes, CountsUnitsOfEachLabel) {
  EXPECT_EQ(ModuleSizes({0, 2, 2, -1}), (std::vector<int64_t>{1, 0, 2}));
  EXPECT_EQ(NumModules({0, 2, 2, -1}), 2);
}

TEST(ScatterLabels, UndoesRestrictLabels) {
  const Labels labels = {3, -1, 0, -1, 3};
  const std::vector<int64_t> units = LabelledUnits(labels);
  EXPECT_EQ(units, (std::vector<int64_t>{0, 2, 4}));
  EXPECT_EQ(ExcludedUnits(labels), (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(RestrictLabels(labels, units), (Labels{3, 0, 3}));
  EXPECT_EQ(ScatterLabels({3, 0, 3}, units, 5), labels);
}

TEST(RestrictMatrix, TakesRowsAndColumns) {
  Matrix matrix(3, 3);
  matrix << 0, 1, 2, 3, 4, 5, 6, 7, 8;
  Matrix expected(2, 2);
  expected << 0, 2, 6, 8;
  EXPECT_EQ(RestrictMatrix(matrix, {0, 2}), expected);
}

TEST(CheckLabels, NamesTheFault) {
  EXPECT_TRUE(CheckLabels({0, -1}, 2, "labels").ok());
  EXPECT_EQ(ReasonOf(CheckLabels({0}, 2, "labels")), reason::kWrongShape);
  const absl::Status status = CheckLabels({0, -2}, 2, "labels");
  EXPECT_EQ(ReasonOf(status), reason::kBadLabels);
  EXPECT_EQ(FieldOf(status), "labels");
}

}  // namespace
}  // namespace modbound
