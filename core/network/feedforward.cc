#include "core/network/feedforward.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/parallel.h"

namespace modbound {
namespace {

// Samples of one product, the last block filled up with zeros: a product may
// sum in another order when it has another number of rows.
constexpr int64_t kSampleBlock = 64;

// States of kSampleBlock samples; the first `count` rows of each are kept.
void RunSamples(const FeedforwardNetwork& network,
                Matrix states,
                int64_t first,
                int64_t count,
                std::vector<Matrix>& all) {
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    const FeedforwardNetwork::Layer& layer = network.layers[l];
    Matrix next(kSampleBlock, layer.weights.rows());
    next.noalias() = states * layer.weights.transpose();
    next.rowwise() += layer.bias.transpose();
    if (l + 1 < network.layers.size()) {
      Activate(network.activation, next);
    }
    all[l].middleRows(first, count) = next.topRows(count);
    states = std::move(next);
  }
}

}  // namespace

absl::StatusOr<std::vector<Matrix>> RunFeedforward(
    const FeedforwardNetwork& network,
    const Matrix& features,
    const Execution& execution) {
  if (features.cols() != network.features()) {
    return Refuse(reason::kWrongShape,
                  "features",
                  absl::StrCat("features has ",
                               features.cols(),
                               " columns; the network takes ",
                               network.features()));
  }
  const int64_t S = features.rows();
  std::vector<Matrix> all;
  for (const FeedforwardNetwork::Layer& layer : network.layers) {
    all.emplace_back(S, layer.weights.rows());
  }
  MODBOUND_RETURN_IF_ERROR(ParallelForBlocks(
      S, kSampleBlock, execution, [&](int64_t first, int64_t count) {
        Matrix block = Matrix::Zero(kSampleBlock, features.cols());
        block.topRows(count) = features.middleRows(first, count);
        RunSamples(network, std::move(block), first, count, all);
        return absl::OkStatus();
      }));
  for (const Matrix& states : all) {
    if (!states.allFinite()) {
      return MakeError(absl::StatusCode::kAborted,
                       reason::kDiverged,
                       "",
                       "the activity is no longer finite");
    }
  }
  return all;
}

std::vector<int32_t> ClassesOf(const Matrix& y) {
  std::vector<int32_t> classes;
  classes.reserve(static_cast<std::size_t>(y.rows()));
  for (int64_t s = 0; s < y.rows(); ++s) {
    Eigen::Index largest = 0;
    y.row(s).maxCoeff(&largest);
    classes.push_back(static_cast<int32_t>(largest));
  }
  return classes;
}

}  // namespace modbound
