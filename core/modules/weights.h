#ifndef MODBOUND_CORE_MODULES_WEIGHTS_H_
#define MODBOUND_CORE_MODULES_WEIGHTS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"

namespace modbound {

// Symmetric weights w of N nodes, however they are held: the part of a quality
// function that is not of low rank (ModularityProblem). Stored (DenseWeights)
// or made of fewer numbers when asked for (FactorWeights).
//
// The link of node u to module m is the sum of w(u, j) over j in m. Two ways to
// have the links of u to all modules:
//   Rows: from row u; good while there are many modules;
//   sums: each node has an addend of width() numbers, and each module the sum
//         of its nodes' addends, kept up to date when nodes move. Good once
//         modules are few. Where rows are stored, the addend of i is row i and
//         the link of u to m is number u of the sum of m.
// Sums are in float64 whatever the weights are stored in, and their order never
// depends on the number of threads. Threads: reading is safe from all. What
// execution.stopped() interrupts is left half done: who called asks the same.
class Weights {
 public:
  // Links from rows, for one thread.
  class Rows {
   public:
    virtual ~Rows() = default;
    // What Links will be asked for: nodes in this order. Rows
    // that are made, not stored, are made together. `order` must outlive the
    // calls of Links.
    virtual void Begin(const std::vector<int32_t>& order,
                       const Execution& execution);
    // links[m] = link of `node` to module m, 0 <= m < slots, itself included.
    // labels: module of each node.
    virtual void Links(int32_t node,
                       const Labels& labels,
                       int64_t slots,
                       double* links) = 0;
  };

  virtual ~Weights() = default;

  int64_t size() const { return size_; }
  // Whether rows are stored: the addend of a node is its row.
  bool has_rows() const { return has_rows_; }

  // w(i, i), and sums of all w(i, i) and of all w(i, j).
  virtual double Diagonal(int64_t i) const = 0;
  virtual double Trace() const = 0;
  virtual double Sum(const Execution& execution) const = 0;

  // `this` must outlive it.
  virtual std::unique_ptr<Rows> MakeRows() const = 0;

  // Numbers of an addend.
  int64_t width() const { return width_; }
  // Addend of a node: what is stored, or else `buffer` (of width()) filled.
  virtual const double* Addend(int64_t node, double* buffer) const = 0;
  // sums.row(labels[i]) += addend of i, for every node; sums: at least as many
  // rows as labels, width() columns.
  virtual void AddAddends(const Labels& labels,
                          const Execution& execution,
                          Matrix& sums) const = 0;
  // links[m] = link of `node`, which is in module `own`, to module m, 0 <= m <
  // slots, from their sums.
  virtual void LinksFromSums(const Matrix& sums,
                             int64_t node,
                             int64_t own,
                             int64_t slots,
                             double* links) const = 0;
  // Element (m, l): sum of w(i, j) over i in m and j in l, 0 <= m, l < modules,
  // from the sums of modules. Symmetric up to rounding.
  virtual Matrix Between(const Labels& labels,
                         int64_t modules,
                         const Matrix& sums) const = 0;
  // The same from rows.
  virtual Matrix BetweenFromRows(const Labels& labels,
                                 int64_t modules,
                                 const Execution& execution) const = 0;

  // Rows and columns `nodes`.
  virtual Matrix Restrict(const std::vector<int64_t>& nodes,
                          const Execution& execution) const = 0;

  // For each of many labellings the sum of w(i, j) over i < j of one label.
  // Each number is the same, bit for bit, whatever else is in the batch.
  // Errors: kCancelled.
  virtual absl::StatusOr<std::vector<double>> SumsWithin(
      const std::vector<Labels>& batch, const Execution& execution) const = 0;
  // Labellings of a batch that is neither too small to be fast nor too large to
  // be one work item.
  virtual int64_t BestBatch() const { return 16; }

 protected:
  Weights(int64_t size, int64_t width, bool has_rows)
      : size_(size), width_(width), has_rows_(has_rows) {}

 private:
  const int64_t size_;
  const int64_t width_;
  const bool has_rows_;
};

inline void Weights::Rows::Begin(const std::vector<int32_t>& /*order*/,
                                 const Execution& /*execution*/) {}

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_WEIGHTS_H_
