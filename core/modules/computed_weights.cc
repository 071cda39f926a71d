#include "core/modules/computed_weights.h"

#include <algorithm>
#include <numeric>

#include "core/base/parallel.h"
#include "core/modules/made_rows.h"
#include "core/modules/row_sums.h"

namespace modbound {
namespace {

// Rows and columns of a tile.
constexpr int64_t kTileHeight = 64;
constexpr int64_t kTileWidth = 2048;

class ComputedRows : public MadeRows {
 public:
  explicit ComputedRows(const ComputedWeights& weights)
      : MadeRows(kTileHeight), weights_(weights) {
    all_.resize(static_cast<std::size_t>(weights.size()));
    std::iota(all_.begin(), all_.end(), 0);
  }

  void Links(int32_t node,
             const Labels& labels,
             int64_t slots,
             double* links) override {
    const double* row = rows_.row(Take(node)).data();
    std::fill(links, links + slots, 0.0);
    for (std::size_t j = 0; j < labels.size(); ++j) {
      links[labels[j]] += row[j];
    }
  }

 private:
  void Make(absl::Span<const int32_t> nodes,
            const Execution& execution) override {
    const auto height = static_cast<int64_t>(nodes.size());
    rows_.resize(height, weights_.size());
    ParallelForBlocks(weights_.size(),
                      kTileWidth,
                      execution,
                      [&](int64_t first, int64_t count) {
                        Matrix tile(height, count);
                        weights_.MakeTile(nodes,
                                          absl::MakeConstSpan(all_).subspan(
                                              static_cast<std::size_t>(first),
                                              static_cast<std::size_t>(count)),
                                          tile);
                        rows_.middleCols(first, count) = tile;
                        return absl::OkStatus();
                      })
        .IgnoreError();  // a stop, which the caller asks for itself
  }

  const ComputedWeights& weights_;
  std::vector<int32_t> all_;
  Matrix rows_;
};

}  // namespace

ComputedWeights::ComputedWeights(int64_t size)
    : Weights(size, size, false), all_(static_cast<std::size_t>(size)) {
  std::iota(all_.begin(), all_.end(), 0);
}

absl::Span<const int32_t> ComputedWeights::Nodes(int64_t first,
                                                 int64_t count) const {
  return absl::MakeConstSpan(all_).subspan(static_cast<std::size_t>(first),
                                           static_cast<std::size_t>(count));
}

double ComputedWeights::Diagonal(int64_t i) const {
  Matrix tile(1, 1);
  MakeTile(Nodes(i, 1), Nodes(i, 1), tile);
  return tile(0, 0);
}

double ComputedWeights::Trace() const {
  double trace = 0;
  for (int64_t i = 0; i < size(); ++i) {
    trace += Diagonal(i);
  }
  return trace;
}

double ComputedWeights::Sum(const Execution& execution) const {
  return RowSums(execution).sum();
}

Vector ComputedWeights::RowSums(const Execution& execution) const {
  Vector sums = Vector::Zero(size());
  ParallelForBlocks(size(),
                    kTileHeight,
                    execution,
                    [&](int64_t first, int64_t count) {
                      Matrix tile(count, size());
                      MakeTile(Nodes(first, count), all_, tile);
                      sums.segment(first, count) = tile.rowwise().sum();
                      return absl::OkStatus();
                    })
      .IgnoreError();  // a stop, which the caller asks for itself
  return sums;
}

std::unique_ptr<Weights::Rows> ComputedWeights::MakeRows() const {
  return std::make_unique<ComputedRows>(*this);
}

const double* ComputedWeights::Addend(int64_t node, double* buffer) const {
  Matrix tile(1, size());
  MakeTile(Nodes(node, 1), all_, tile);
  std::copy(tile.data(), tile.data() + size(), buffer);
  return buffer;
}

void ComputedWeights::AddAddends(const Labels& labels,
                                 const Execution& execution,
                                 Matrix& sums) const {
  ParallelForBlocks(
      size(),
      kTileWidth,
      execution,
      [&](int64_t column, int64_t width) {
        for (int64_t row = 0; row < size(); row += kTileHeight) {
          if (execution.stopped()) {
            return StoppedError();
          }
          Matrix tile(std::min(kTileHeight, size() - row), width);
          MakeTile(Nodes(row, tile.rows()), Nodes(column, width), tile);
          for (int64_t r = 0; r < tile.rows(); ++r) {
            sums.row(labels[row + r]).segment(column, width) += tile.row(r);
          }
        }
        return absl::OkStatus();
      })
      .IgnoreError();  // a stop, which the caller asks for itself
}

void ComputedWeights::LinksFromSums(const Matrix& sums,
                                    int64_t node,
                                    int64_t /*own*/,
                                    int64_t slots,
                                    double* links) const {
  for (int64_t m = 0; m < slots; ++m) {
    links[m] = sums(m, node);
  }
}

Matrix ComputedWeights::Between(const Labels& labels,
                                int64_t modules,
                                const Matrix& sums) const {
  Matrix between = Matrix::Zero(modules, modules);
  for (int64_t m = 0; m < modules; ++m) {
    for (int64_t j = 0; j < size(); ++j) {
      between(m, labels[j]) += sums(m, j);
    }
  }
  return between;
}

Matrix ComputedWeights::BetweenFromRows(const Labels& labels,
                                        int64_t modules,
                                        const Execution& execution) const {
  Matrix between = Matrix::Zero(modules, modules);
  const std::unique_ptr<Rows> rows = MakeRows();
  rows->Begin(all_, execution);
  Vector links(modules);
  for (const int32_t node : all_) {
    if (execution.stopped()) {
      break;
    }
    rows->Links(node, labels, modules, links.data());
    between.row(labels[node]) += links;
  }
  return between;
}

Matrix ComputedWeights::Restrict(const std::vector<int64_t>& nodes,
                                 const Execution& execution) const {
  const std::vector<int32_t> chosen(nodes.begin(), nodes.end());
  const auto n = static_cast<int64_t>(nodes.size());
  Matrix weights(n, n);
  ParallelForBlocks(n,
                    kTileHeight,
                    execution,
                    [&](int64_t first, int64_t count) {
                      Matrix tile(count, n);
                      MakeTile(absl::MakeConstSpan(chosen).subspan(
                                   static_cast<std::size_t>(first),
                                   static_cast<std::size_t>(count)),
                               chosen,
                               tile);
                      weights.middleRows(first, count) = tile;
                      return absl::OkStatus();
                    })
      .IgnoreError();  // a stop, which the caller asks for itself
  return weights;
}

absl::StatusOr<std::vector<double>> ComputedWeights::SumsWithin(
    const std::vector<Labels>& batch, const Execution& execution) const {
  const int64_t n = size();
  std::vector<std::vector<double>> labels;
  labels.reserve(batch.size());
  for (const Labels& one : batch) {
    labels.emplace_back(one.begin(), one.end());
  }
  // Of each row and labelling, then added up in the order of the rows.
  Matrix of_rows(n, static_cast<Eigen::Index>(batch.size()));
  MODBOUND_RETURN_IF_ERROR(ParallelForBlocks(
      n, kTileHeight, execution, [&](int64_t first, int64_t count) {
        Matrix tile(count, n);
        MakeTile(Nodes(first, count), all_, tile);
        for (int64_t r = 0; r < count; ++r) {
          const int64_t i = first + r;
          for (std::size_t b = 0; b < batch.size(); ++b) {
            const double* own = labels[b].data();
            of_rows(i, static_cast<Eigen::Index>(b)) =
                SumOfMatching(tile.row(r).data(), {}, own, own[i], i + 1, n);
          }
        }
        return absl::OkStatus();
      }));
  return SumsOfRows(of_rows);
}

}  // namespace modbound
