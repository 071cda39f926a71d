#include "core/modules/factor_weights.h"

#include <algorithm>
#include <utility>

#include "core/base/parallel.h"
#include "core/modules/factor_sums.h"
#include "core/modules/made_rows.h"

namespace modbound {
namespace {

// Nodes whose rows are made together, and columns of one work item.
constexpr int64_t kMadeRows = 128;
constexpr int64_t kMadeColumns = 2048;

// scale X X', in parallel over fixed blocks of rows; half done when
// execution.stopped().
Matrix ProductsOfRows(const Matrix& X,
                      double scale,
                      const Execution& execution) {
  Matrix products(X.rows(), X.rows());
  ParallelForBlocks(X.rows(),
                    kMadeRows,
                    execution,
                    [&](int64_t first, int64_t count) {
                      products.middleRows(first, count).noalias() =
                          scale * (X.middleRows(first, count) * X.transpose());
                      return absl::OkStatus();
                    })
      .IgnoreError();  // a stop, which the caller asks for itself
  return products;
}

class FactorRows : public MadeRows {
 public:
  FactorRows(const FloatMatrix& Z, double scale, const Vector& diagonal)
      : MadeRows(kMadeRows), Z_(Z), scale_(scale), diagonal_(diagonal) {}

  void Links(int32_t node,
             const Labels& labels,
             int64_t slots,
             double* links) override {
    const float* row = products_.row(Take(node)).data();
    std::fill(links, links + slots, 0.0);
    for (std::size_t j = 0; j < labels.size(); ++j) {
      links[labels[j]] += row[j];
    }
    links[labels[node]] -= row[node];
    for (int64_t m = 0; m < slots; ++m) {
      links[m] *= scale_;
    }
    links[labels[node]] += diagonal_[node];
  }

 private:
  void Make(absl::Span<const int32_t> nodes,
            const Execution& execution) override {
    const auto height = static_cast<int64_t>(nodes.size());
    chosen_.resize(height, Z_.cols());
    for (int64_t r = 0; r < height; ++r) {
      chosen_.row(r) = Z_.row(nodes[static_cast<std::size_t>(r)]);
    }
    products_.resize(height, Z_.rows());
    ParallelForBlocks(Z_.rows(),
                      kMadeColumns,
                      execution,
                      [&](int64_t first, int64_t count) {
                        products_.middleCols(first, count).noalias() =
                            chosen_ * Z_.middleRows(first, count).transpose();
                        return absl::OkStatus();
                      })
        .IgnoreError();  // a stop, which the caller asks for itself
  }

  const FloatMatrix& Z_;
  const double scale_;
  const Vector& diagonal_;
  FloatMatrix chosen_;
  FloatMatrix products_;
};

}  // namespace

FactorWeights::FactorWeights(Matrix Z,
                             FloatMatrix float_Z,
                             double scale,
                             Vector diagonal)
    : Weights(Z.rows(), Z.cols(), false),
      Z_(std::move(Z)),
      float_Z_(std::move(float_Z)),
      scale_(scale),
      diagonal_(std::move(diagonal)),
      excess_(scale * Z_.rowwise().squaredNorm() - diagonal_) {}

double FactorWeights::Diagonal(int64_t i) const { return diagonal_[i]; }

double FactorWeights::Trace() const { return diagonal_.sum(); }

double FactorWeights::Sum(const Execution& /*execution*/) const {
  return scale_ * Z_.colwise().sum().squaredNorm() - excess_.sum();
}

std::unique_ptr<Weights::Rows> FactorWeights::MakeRows() const {
  return std::make_unique<FactorRows>(float_Z_, scale_, diagonal_);
}

const double* FactorWeights::Addend(int64_t node, double* /*buffer*/) const {
  return Z_.data() + node * width();
}

void FactorWeights::AddAddends(const Labels& labels,
                               const Execution& /*execution*/,
                               Matrix& sums) const {
  for (int64_t i = 0; i < size(); ++i) {
    sums.row(labels[i]) += Z_.row(i);
  }
}

void FactorWeights::LinksFromSums(const Matrix& sums,
                                  int64_t node,
                                  int64_t own,
                                  int64_t slots,
                                  double* links) const {
  Eigen::Map<Vector>(links, slots).noalias() =
      scale_ * (sums.topRows(slots) * Z_.row(node).transpose());
  links[own] -= excess_[node];
}

Matrix FactorWeights::BetweenOf(const Labels& labels,
                                const Matrix& sums,
                                const Execution& execution) const {
  Matrix between = ProductsOfRows(sums, scale_, execution);
  for (int64_t i = 0; i < size(); ++i) {
    between(labels[i], labels[i]) -= excess_[i];
  }
  return between;
}

Matrix FactorWeights::Between(const Labels& labels,
                              int64_t modules,
                              const Matrix& sums) const {
  return BetweenOf(labels, sums.topRows(modules), Execution());
}

Matrix FactorWeights::BetweenFromRows(const Labels& labels,
                                      int64_t modules,
                                      const Execution& execution) const {
  Matrix sums = Matrix::Zero(modules, width());
  AddAddends(labels, execution, sums);
  return BetweenOf(labels, sums, execution);
}

Matrix FactorWeights::Restrict(const std::vector<int64_t>& nodes,
                               const Execution& execution) const {
  Matrix weights = ProductsOfRows(Z_(nodes, Eigen::all), scale_, execution);
  // Two orders of the same additions need not be equal.
  weights.triangularView<Eigen::StrictlyLower>() = weights.transpose();
  weights.diagonal() = diagonal_(nodes);
  return weights;
}

absl::StatusOr<std::vector<double>> FactorWeights::SumsWithin(
    const std::vector<Labels>& batch, const Execution& execution) const {
  MODBOUND_ASSIGN_OR_RETURN(std::vector<double> sums,
                            SquaredModuleSums(Z_, batch, execution));
  // Of ordered pairs and i = j; excess_ takes the diagonal to w(i, i).
  const double own = excess_.sum() + diagonal_.sum();
  for (double& sum : sums) {
    sum = 0.5 * (scale_ * sum - own);
  }
  return sums;
}

int64_t FactorWeights::BestBatch() const { return 128; }

}  // namespace modbound
