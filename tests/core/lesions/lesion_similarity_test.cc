#include "core/lesions/lesion_similarity.h"

#include <cmath>
#include <string>

#include "core/base/error.h"
#include "core/network/run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/golden.h"
#include "support/golden_network.h"
#include "support/memory_checkpoint.h"
#include "support/progress_log.h"
#include "support/threads.h"

namespace modbound {
namespace {

class LesionSimilarityGolden : public testing::TestWithParam<const char*> {
 protected:
  GoldenArray Golden(const std::string& array) const {
    return LoadGolden(GetParam(), array);
  }
  Matrix Activity(const Network& network) const {
    const GoldenArray inputs = Golden("trial_inputs");
    return RunNetwork(network,
                      inputs.ToMatrix(),
                      inputs.shape[1],
                      RowOrder::kByTime,
                      Matrix(),
                      Threads(1))
        ->activity;
  }
  void ExpectValid(const SimilarityMatrix& similarity,
                   const std::string& array) const {
    const Vector expected = Golden(array).ToVector();
    for (int64_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(similarity.valid[static_cast<std::size_t>(i)], expected(i))
          << array << " of unit " << i;
    }
  }
};

// |row . expected row| = |row|^2: equal up to sign.
void ExpectRowsUpToSign(const Matrix& actual,
                        const Matrix& expected,
                        double rtol,
                        double atol) {
  for (int64_t i = 0; i < actual.rows(); ++i) {
    const double sign = actual.row(i).dot(expected.row(i)) < 0 ? -1 : 1;
    ExpectClose(sign * actual.row(i),
                expected.row(i),
                rtol,
                atol,
                "row " + std::to_string(i));
  }
}

TEST_P(LesionSimilarityGolden, DistancesOnTheGivenGridAgree) {
  const Network network = GoldenNetwork(GetParam());
  const Matrix grid = Golden("grid").ToMatrix();
  const Vector input = Golden("input").ToVector();
  ExpectClose(Step(network, grid, input.transpose().replicate(625, 1)),
              Golden("stepped").ToMatrix(),
              1e-11,
              1e-12,
              "stepped");
  const std::vector<std::pair<LesionScope, std::string>> scopes = {
      {LesionScope::kRecurrent, "rec"},
      {LesionScope::kAll, "all"},
      {LesionScope::kSilence, "silence"}};
  for (const auto& [scope, name] : scopes) {
    const auto distance =
        FlowDistances(network, grid, input, scope, Threads(2));
    ASSERT_TRUE(distance.ok()) << distance.status();
    ExpectClose(*distance,
                Golden("distance_" + name).ToMatrix(),
                1e-10,
                1e-11,
                "distance_" + name);
    const auto similarity = CorrelationOfColumns(*distance, Threads(1));
    ASSERT_TRUE(similarity.ok());
    ExpectClose(similarity->values,
                Golden("similarity_" + name).ToMatrix(),
                1e-6,
                1e-6,
                "similarity_" + name);
    ExpectValid(*similarity, "valid_" + name);
  }
}

TEST_P(LesionSimilarityGolden, FromActivityToSimilarity) {
  const Network network = GoldenNetwork(GetParam());
  const Matrix activity = Activity(network);
  LesionSimilarityOptions options;
  options.null_count = 19;
  const auto result = ComputeLesionSimilarity(
      network, activity, Golden("input").ToVector(), options, Threads(2));
  ASSERT_TRUE(result.ok()) << result.status();
  ExpectClose(
      result->pca.mean, Golden("pc_mean").ToVector(), 1e-10, 1e-10, "mean");
  ExpectRowsUpToSign(
      result->pca.components, Golden("pc_components").ToMatrix(), 1e-7, 1e-8);
  ExpectClose(result->grid.axes,
              Golden("grid_axes").ToMatrix(),
              1e-7,
              1e-7,
              "grid_axes");
  ExpectClose(
      result->grid.states, Golden("grid").ToMatrix(), 1e-7, 1e-7, "states");
  ExpectClose(result->similarity.values,
              Golden("similarity_all").ToMatrix(),
              1e-6,
              1e-6,
              "similarity");
  ExpectValid(result->similarity, "valid_all");
  EXPECT_EQ(result->comparison.induced.null.size(), 19);
  EXPECT_GT(result->comparison.r, 0);
  EXPECT_GT(result->comparison.induced.quality,
            result->comparison.induced.null.mean());
}

TEST_P(LesionSimilarityGolden, MarginWidensTheGrid) {
  const Network network = GoldenNetwork(GetParam());
  LesionSimilarityOptions options;
  options.margin = 2;
  options.null_count = 0;
  const auto result = ComputeLesionSimilarity(network,
                                              Activity(network),
                                              Golden("input").ToVector(),
                                              options,
                                              Threads(1));
  ASSERT_TRUE(result.ok()) << result.status();
  ExpectClose(result->grid.axes,
              Golden("grid_axes_margin2").ToMatrix(),
              1e-7,
              1e-7,
              "grid_axes_margin2");
  ExpectClose(result->similarity.values,
              Golden("similarity_all_margin2").ToMatrix(),
              1e-6,
              1e-6,
              "similarity_all_margin2");
  ExpectValid(result->similarity, "valid_all_margin2");
  EXPECT_FALSE(result->comparison.induced.p.has_value());
}

INSTANTIATE_TEST_SUITE_P(LesionSimilarity,
                         LesionSimilarityGolden,
                         testing::Values("lesion_similarity_gng",
                                         "lesion_similarity_pdm"));

// Three units, of which the last does nothing.
Network SmallNetwork() {
  Network network;
  network.w_rec.resize(3, 3);
  network.w_rec << 0.5, -0.3, 0, 0.4, 0.6, 0, 0, 0, 0;
  network.w_in = Matrix::Ones(3, 1);
  network.w_in(2, 0) = 0;
  network.b_in = network.b_rec = Vector::Constant(3, 0.5);
  network.b_in(2) = network.b_rec(2) = 0;
  network.w_out = Matrix::Ones(2, 3);
  network.b_out = Vector::Zero(2);
  return network;
}

Matrix SmallActivity() {
  Matrix activity(5, 3);
  activity << 1, 2, 0, 2, 1, 0, 3, 5, 0, 4, 4, 0, 6, 1, 0;
  return activity;
}

TEST(LesionSimilarity, SilentUnitsAreInvalidAndWithoutModule) {
  LesionSimilarityOptions options;
  options.grid = 4;
  options.null_count = 5;
  const auto result = ComputeLesionSimilarity(
      SmallNetwork(), SmallActivity(), Vector::Ones(1), options, Threads(1));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->grid.states.rows(), 16);
  EXPECT_EQ(result->similarity.valid, (std::vector<uint8_t>{1, 1, 0}));
  EXPECT_EQ(result->similarity.values(2, 2), 0);
  EXPECT_EQ(result->labels[2], -1);
  EXPECT_EQ(result->comparison.units, 2);
}

TEST(LesionSimilarity, BytesDoNotDependOnThreads) {
  LesionSimilarityOptions options;
  options.null_count = 20;
  const auto compute = [&](int threads) {
    return *ComputeLesionSimilarity(SmallNetwork(),
                                    SmallActivity(),
                                    Vector::Ones(1),
                                    options,
                                    Threads(threads));
  };
  const LesionSimilarity one = compute(1);
  for (const int threads : {2, 4}) {
    const LesionSimilarity many = compute(threads);
    EXPECT_EQ(one.stepped, many.stepped);
    EXPECT_EQ(one.flow_distance, many.flow_distance);
    EXPECT_EQ(one.similarity.values, many.similarity.values);
    EXPECT_EQ(one.comparison.induced.null, many.comparison.induced.null);
  }
}

TEST(LesionSimilarity, NamesWhatItDoes) {
  LesionSimilarityOptions options;
  options.grid = 5;
  options.null_count = 20;
  ProgressLog log;
  ASSERT_TRUE(ComputeLesionSimilarity(SmallNetwork(),
                                      SmallActivity(),
                                      Vector::Ones(1),
                                      options,
                                      log.Watch(2))
                  .ok());
  for (const char* end : {"flow distances: 25 of 25 states",
                          "lesions, similarity: 6 of 6 pairs",
                          "activity, similarity: 6 of 6 pairs",
                          "activity, partitioning: 100 of 100 runs",
                          "null: 20 of 20 draws"}) {
    EXPECT_THAT(log.Ends(), testing::Contains(end));
  }
}

TEST(LesionSimilarity, RefusesWhatHasNoGrid) {
  const auto status = [](const Matrix& activity,
                         const Vector& input,
                         const LesionSimilarityOptions& options) {
    return ComputeLesionSimilarity(
               SmallNetwork(), activity, input, options, Threads(1))
        .status();
  };
  const Matrix activity = SmallActivity();
  EXPECT_EQ(FieldOf(status(activity, Vector::Ones(2), {})), "input");
  EXPECT_EQ(FieldOf(status(activity.leftCols(2), Vector::Ones(1), {})),
            "activity");
  EXPECT_EQ(ReasonOf(status(activity.topRows(1), Vector::Ones(1), {})),
            reason::kDegenerate);
  LesionSimilarityOptions options;
  options.grid = 1;
  EXPECT_EQ(FieldOf(status(activity, Vector::Ones(1), options)), "grid");
  options.grid = 2;
  options.margin = -1;
  EXPECT_EQ(FieldOf(status(activity, Vector::Ones(1), options)), "margin");
}

TEST(LesionSimilarity, GoesOnFromEachCheckpointWithTheSameBytes) {
  const Network network = GoldenNetwork("lesion_similarity_pdm");
  const GoldenArray inputs =
      LoadGolden("lesion_similarity_pdm", "trial_inputs");
  const Matrix activity = RunNetwork(network,
                                     inputs.ToMatrix(),
                                     inputs.shape[1],
                                     RowOrder::kByTime,
                                     Matrix(),
                                     Threads(1))
                              ->activity;
  LesionSimilarityOptions options;
  options.grid = 10;
  options.partition.runs = 10;
  options.null_count = 50;
  ExpectGoesOn(
      [&](const Execution& execution) -> absl::StatusOr<std::string> {
        const auto result =
            ComputeLesionSimilarity(network,
                                    activity,
                                    Vector::Zero(network.inputs()),
                                    options,
                                    execution);
        if (!result.ok()) {
          return result.status();
        }
        std::string bytes;
        AppendBytes(result->flow_distance, bytes);
        AppendBytes(result->stepped, bytes);
        AppendBytes(result->similarity.values, bytes);
        AppendBytes(result->labels, bytes);
        AppendBytes(result->comparison.induced.null, bytes);
        return bytes;
      },
      // Blocks of states, runs, runs of a consensus round, blocks of draws.
      7 + 10 + 100 + 4);
}

}  // namespace
}  // namespace modbound
