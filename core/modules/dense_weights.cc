#include "core/modules/dense_weights.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

#include "core/base/check.h"
#include "core/base/parallel.h"
#include "core/modules/row_sums.h"

namespace modbound {
namespace {

// Columns of one work item where all rows are added to sums of modules: a
// module's stay in the first-level cache.
constexpr int64_t kSumColumns = 2048;
// Rows of one work item.
constexpr int64_t kWeightRows = 64;
// Sums of two halves of a row for each slot, unless they would leave the cache.
constexpr int64_t kMaxPaired = 8192;

// sums[m] += sum of the weights row[j] over the nodes j of label m.
template <typename Scalar>
void AddByLabel(const Scalar* row,
                const SignScale& scale,
                const Labels& labels,
                double* sums) {
  for (std::size_t j = 0; j < labels.size(); ++j) {
    sums[labels[j]] += WeightsOfRow<Scalar>(double{row[j]}, scale);
  }
}

// weights[j] = the weight of row[j], or added to it.
template <bool adds>
void WriteRow(const float* row,
              const SignScale& scale,
              int64_t count,
              double* weights) {
  int64_t j = 0;
  for (; j + kWidth <= count; j += kWidth) {
    Doubles values = Scaled(AsDoubles(LoadFour<Floats>(row + j)), scale);
    if constexpr (adds) {
      values += LoadFour<Doubles>(weights + j);
    }
    std::memcpy(weights + j, &values, sizeof values);
  }
  for (; j < count; ++j) {
    weights[j] = (adds ? weights[j] : 0) + Scaled(double{row[j]}, scale);
  }
}

// sum[j] += the weight of row[j].
void AddRow(const float* row,
            const SignScale& scale,
            int64_t count,
            double* sum) {
  WriteRow<true>(row, scale, count, sum);
}
void AddRow(const double* row,
            const SignScale& /*scale*/,
            int64_t count,
            double* sum) {
  for (int64_t j = 0; j < count; ++j) {
    sum[j] += row[j];
  }
}

template <typename Scalar>
class DenseRows : public Weights::Rows {
 public:
  DenseRows(const Scalar* values, const SignScale& scale, int64_t size)
      : values_(values), scale_(scale), odd_(std::min(size, kMaxPaired)) {}

  void Links(int32_t node,
             const Labels& labels,
             int64_t slots,
             double* links) override {
    const auto n = static_cast<int64_t>(labels.size());
    const Scalar* row = values_ + node * n;
    std::fill(links, links + slots, 0.0);
    if (slots > kMaxPaired) {
      AddByLabel(row, scale_, labels, links);
      return;
    }
    // Neighbouring elements that share a label do not wait for each other's
    // store.
    double* odd = odd_.data();
    std::fill(odd, odd + slots, 0.0);
    const int32_t* label = labels.data();
    int64_t j = 0;
    for (; j + 2 <= n; j += 2) {
      links[label[j]] += WeightsOfRow<Scalar>(double{row[j]}, scale_);
      odd[label[j + 1]] += WeightsOfRow<Scalar>(double{row[j + 1]}, scale_);
    }
    if (j < n) {
      links[label[j]] += WeightsOfRow<Scalar>(double{row[j]}, scale_);
    }
    for (int64_t m = 0; m < slots; ++m) {
      links[m] += odd[m];
    }
  }

 private:
  const Scalar* const values_;
  const SignScale scale_;
  Vector odd_;
};

// Nodes of each label, rising.
std::vector<std::vector<int64_t>> MembersOf(const Labels& labels,
                                            int64_t modules) {
  std::vector<std::vector<int64_t>> members(static_cast<std::size_t>(modules));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    members[labels[i]].push_back(static_cast<int64_t>(i));
  }
  return members;
}

}  // namespace

template <typename Scalar>
DenseWeights<Scalar>::DenseWeights(std::shared_ptr<const Scalar> values,
                                   int64_t size,
                                   const SignScale& scale)
    : Weights(size, size, true), values_(std::move(values)), scale_(scale) {
  if constexpr (std::is_same_v<Scalar, double>) {
    MODBOUND_DCHECK(scale.above == 1 && scale.below == 1);
  }
}

template <typename Scalar>
double DenseWeights<Scalar>::Diagonal(int64_t i) const {
  return WeightsOfRow<Scalar>(double{Row(i)[i]}, scale_);
}

template <typename Scalar>
double DenseWeights<Scalar>::Trace() const {
  double trace = 0;
  for (int64_t i = 0; i < size(); ++i) {
    trace += Diagonal(i);
  }
  return trace;
}

template <typename Scalar>
double DenseWeights<Scalar>::Sum(const Execution& /*execution*/) const {
  if constexpr (std::is_same_v<Scalar, double>) {
    return Eigen::Map<const Matrix, Eigen::Aligned64>(
               values_.get(), size(), size())
        .sum();
  } else {
    double sum = 0;
    for (int64_t i = 0; i < size(); ++i) {
      const SignedSum row = SumBySign(Row(i), size());
      sum += row.plus * scale_.above - row.minus * scale_.below;
    }
    return sum;
  }
}

template <typename Scalar>
std::unique_ptr<Weights::Rows> DenseWeights<Scalar>::MakeRows() const {
  return std::make_unique<DenseRows<Scalar>>(values_.get(), scale_, size());
}

template <typename Scalar>
const double* DenseWeights<Scalar>::Addend(int64_t node, double* buffer) const {
  if constexpr (std::is_same_v<Scalar, double>) {
    return Row(node);
  } else {
    WriteRow<false>(Row(node), scale_, size(), buffer);
    return buffer;
  }
}

template <typename Scalar>
void DenseWeights<Scalar>::AddAddends(const Labels& labels,
                                      const Execution& execution,
                                      Matrix& sums) const {
  // Module by module: what is added to stays in cache.
  const std::vector<std::vector<int64_t>> members =
      MembersOf(labels, sums.rows());
  ParallelForBlocks(size(),
                    kSumColumns,
                    execution,
                    [&](int64_t first, int64_t count) {
                      for (std::size_t m = 0; m < members.size(); ++m) {
                        if (execution.stopped()) {
                          return StoppedError();
                        }
                        double* sum = sums.data() +
                                      static_cast<int64_t>(m) * size() + first;
                        for (const int64_t i : members[m]) {
                          AddRow(Row(i) + first, scale_, count, sum);
                        }
                      }
                      return absl::OkStatus();
                    })
      .IgnoreError();  // a stop, which the caller asks for itself
}

template <typename Scalar>
void DenseWeights<Scalar>::LinksFromSums(const Matrix& sums,
                                         int64_t node,
                                         int64_t /*own*/,
                                         int64_t slots,
                                         double* links) const {
  const double* link = sums.data() + node;
  for (int64_t m = 0; m < slots; ++m) {
    links[m] = link[m * size()];
  }
}

template <typename Scalar>
Matrix DenseWeights<Scalar>::Between(const Labels& labels,
                                     int64_t modules,
                                     const Matrix& sums) const {
  Matrix between = Matrix::Zero(modules, modules);
  for (int64_t m = 0; m < modules; ++m) {
    AddByLabel(sums.row(m).data(), {}, labels, between.row(m).data());
  }
  return between;
}

template <typename Scalar>
Matrix DenseWeights<Scalar>::BetweenFromRows(const Labels& labels,
                                             int64_t modules,
                                             const Execution& execution) const {
  Matrix between = Matrix::Zero(modules, modules);
  const std::vector<std::vector<int64_t>> members = MembersOf(labels, modules);
  ParallelForBlocks(modules,
                    kWeightRows,
                    execution,
                    [&](int64_t first, int64_t count) {
                      for (int64_t m = first; m < first + count; ++m) {
                        for (const int64_t i : members[m]) {
                          AddByLabel(
                              Row(i), scale_, labels, between.row(m).data());
                        }
                      }
                      return absl::OkStatus();
                    })
      .IgnoreError();  // a stop, which the caller asks for itself
  return between;
}

template <typename Scalar>
Matrix DenseWeights<Scalar>::Restrict(const std::vector<int64_t>& nodes,
                                      const Execution& execution) const {
  const auto n = static_cast<int64_t>(nodes.size());
  Matrix part(n, n);
  ParallelForBlocks(n,
                    kWeightRows,
                    execution,
                    [&](int64_t first, int64_t count) {
                      for (int64_t i = first; i < first + count; ++i) {
                        const Scalar* row = Row(nodes[i]);
                        double* out = part.data() + i * n;
                        for (int64_t j = 0; j < n; ++j) {
                          out[j] = WeightsOfRow<Scalar>(double{row[nodes[j]]},
                                                        scale_);
                        }
                      }
                      return absl::OkStatus();
                    })
      .IgnoreError();  // a stop, which the caller asks for itself
  return part;
}

template <typename Scalar>
absl::StatusOr<std::vector<double>> DenseWeights<Scalar>::SumsWithin(
    const std::vector<Labels>& batch, const Execution& execution) const {
  using Label = typename RowType<Scalar>::Label;
  const int64_t n = size();
  std::vector<std::vector<Label>> labels;
  labels.reserve(batch.size());
  for (const Labels& one : batch) {
    labels.emplace_back(one.begin(), one.end());
  }
  // Of each row and labelling, then added up in the order of the rows.
  Matrix of_rows(n, static_cast<Eigen::Index>(batch.size()));
  MODBOUND_RETURN_IF_ERROR(ParallelForBlocks(
      n, kWeightRows, execution, [&](int64_t first, int64_t count) {
        for (int64_t i = first; i < first + count; ++i) {
          if (execution.stopped()) {
            return StoppedError();
          }
          for (std::size_t b = 0; b < batch.size(); ++b) {
            const Label* own = labels[b].data();
            of_rows(i, static_cast<Eigen::Index>(b)) =
                SumOfMatching(Row(i), scale_, own, own[i], i + 1, n);
          }
        }
        return absl::OkStatus();
      }));
  return SumsOfRows(of_rows);
}

template class DenseWeights<double>;
template class DenseWeights<float>;

std::shared_ptr<const Weights> WeightsOf(Matrix matrix) {
  const auto held = std::make_shared<const Matrix>(std::move(matrix));
  return std::make_shared<DenseWeights<double>>(
      std::shared_ptr<const double>(held, held->data()), held->rows());
}

}  // namespace modbound
