#include "core/network/feedforward.h"

#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/random_matrix.h"

namespace modbound {
namespace {

FeedforwardNetwork ThreeLayers() {
  FeedforwardNetwork network;
  network.activation = Activation::kRelu;
  network.layers = {{RandomMatrix(9, 4, 0), RandomMatrix(9, 1, 1)},
                    {RandomMatrix(6, 9, 2), RandomMatrix(6, 1, 3)},
                    {RandomMatrix(3, 6, 4), RandomMatrix(3, 1, 5)}};
  return network;
}

// Worked by hand: h = relu([1 -1] x + [0 1]), y = h_1 + 2 h_2.
//   x = 3: h = 3, 0; y = 3.   x = -1: h = 0, 2; y = 4.
TEST(RunFeedforward, GivesEveryLayer) {
  FeedforwardNetwork network;
  network.layers = {{Matrix(2, 1), Vector(2)}, {Matrix(1, 2), Vector::Zero(1)}};
  network.layers[0].weights << 1, -1;
  network.layers[0].bias << 0, 1;
  network.layers[1].weights << 1, 2;
  const auto states =
      RunFeedforward(network, Eigen::Vector2d(3, -1), Execution());
  ASSERT_TRUE(states.ok()) << states.status();
  ASSERT_EQ(states->size(), 2u);
  Matrix hidden(2, 2);
  hidden << 3, 0, 0, 2;
  EXPECT_EQ((*states)[0], hidden);
  EXPECT_EQ((*states)[1], Matrix(Eigen::Vector2d(3, 4)));
}

TEST(RunFeedforward, ASampleDoesNotDependOnOthersNorOnThreads) {
  const Matrix features = RandomMatrix(200, 4, 9);
  Execution four;
  four.threads = 4;
  const auto all = RunFeedforward(ThreeLayers(), features, {});
  const auto same = RunFeedforward(ThreeLayers(), features, four);
  ASSERT_TRUE(all.ok() && same.ok());
  EXPECT_EQ(*all, *same);
  for (const int64_t count : {1, 63, 65}) {
    const auto some =
        RunFeedforward(ThreeLayers(), features.topRows(count), {});
    ASSERT_TRUE(some.ok());
    for (std::size_t l = 0; l < 3; ++l) {
      EXPECT_EQ((*some)[l], (*all)[l].topRows(count));
    }
  }
}

TEST(RunFeedforward, RefusesOtherFeaturesAndReportsWhatOverflows) {
  EXPECT_EQ(
      FieldOf(RunFeedforward(ThreeLayers(), Matrix::Ones(2, 5), {}).status()),
      "features");
  FeedforwardNetwork network = ThreeLayers();
  network.layers[0].weights *= 1e200;
  network.layers[1].weights *= 1e200;
  EXPECT_EQ(ReasonOf(RunFeedforward(network, Matrix::Ones(2, 4), {}).status()),
            reason::kDiverged);
}

TEST(ClassesOf, TiesGoToTheLowerIndex) {
  Matrix y(3, 3);
  y << 0, 2, 1, 5, 5, 1, -3, -2, -2;
  EXPECT_THAT(ClassesOf(y), testing::ElementsAre(1, 0, 1));
}

}  // namespace
}  // namespace modbound
