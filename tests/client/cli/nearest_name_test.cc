#include "client/cli/nearest_name.h"

#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(EditDistance, CountsEachKindOfSlipAsOne) {
  EXPECT_EQ(EditDistance("gamma", "gamma"), 0);
  EXPECT_EQ(EditDistance("gama", "gamma"), 1);    // left out
  EXPECT_EQ(EditDistance("gammma", "gamma"), 1);  // doubled
  EXPECT_EQ(EditDistance("ganma", "gamma"), 1);   // replaced
  EXPECT_EQ(EditDistance("gmama", "gamma"), 1);   // swapped
  EXPECT_EQ(EditDistance("GAMMA", "gamma"), 0);   // case
  EXPECT_EQ(EditDistance("", "tau"), 3);
  EXPECT_EQ(EditDistance("tau", ""), 3);
}

TEST(EditDistance, OfDifferentWordsIsWorkedByHand) {
  // kitten -> sitten -> sittin -> sitting.
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3);
}

TEST(NearestName, IsTheLeastDistance) {
  EXPECT_EQ(
      NearestName("hiden_size", {"activation", "hidden_size", "hidden_sizes"}),
      "hidden_size");
  EXPECT_EQ(NearestName("hiddenSize", {"activation", "hidden_size"}),
            "hidden_size");
}

TEST(NearestName, OfEqualsIsTheFirst) {
  EXPECT_EQ(NearestName("ab", {"ax", "ay"}), "ax");
}

TEST(NearestName, OfNoNamesIsEmpty) { EXPECT_EQ(NearestName("x", {}), ""); }

}  // namespace
}  // namespace modbound
