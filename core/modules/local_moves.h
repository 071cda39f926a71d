#ifndef MODBOUND_CORE_MODULES_LOCAL_MOVES_H_
#define MODBOUND_CORE_MODULES_LOCAL_MOVES_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/base/random.h"
#include "core/modules/quality.h"

namespace modbound {

// A partition of the nodes of a problem that improves node by node.
//
// The gain of moving node u to module m needs the link of u to m, which is
// read from rows while there are many modules and from sums as soon as they fit
// (Weights); visits are then nearly free. From singletons of stored rows a
// first sweep of its own (first_sweep.h) leads to sums where they fit.
//
// A module lives in a slot; one slot at least is empty while a node could still
// go off on its own. An empty slot scores exactly 0, as a new module does.
class LocalMoves {
 public:
  // Starts from singletons. The problem must outlive it.
  explicit LocalMoves(const ModularityProblem& problem);

  // Starts from labels 0 ... modules - 1, none unused.
  LocalMoves(const ModularityProblem& problem,
             const Labels& labels,
             const Execution& execution = Execution());
  void Assign(const Labels& labels, const Execution& execution = Execution());

  // Sweeps over the nodes in random order until one of them moves none: each
  // node goes to the slot of largest gain (lowest slot of equals) when that
  // raises Q by more than problem.gain_floor(). Bounded. Result: whether any
  // moved. Errors: kCancelled.
  absl::StatusOr<bool> Run(RandomStream& stream, const Execution& execution);

  // Modules as nodes. Renumbers the slots first, so that node k is the module
  // of label k and no label is unused. Half done when execution.stopped().
  ModularityProblem Aggregate(const Execution& execution = Execution());
  // The same of the modules of two nodes and more alone: the problem of these,
  // and their labels.
  struct Pairs {
    ModularityProblem problem;
    std::vector<int64_t> modules;  // rising
  };
  Pairs AggregatePairs(const Execution& execution = Execution());

  // Merges modules: label k becomes merged[k]. After Aggregate, with no move in
  // between.
  void Merge(const Labels& merged);

  // Slot of each node.
  const Labels& labels() const { return labels_; }
  int64_t num_modules() const { return num_modules_; }
  // Modules of two nodes and more.
  int64_t num_pairs() const {
    return std::count_if(size_.begin(),
                         size_.begin() + slots_,
                         [](int64_t size) { return size > 1; });
  }

 private:
  // Whether every node is in a module of its own.
  bool IsApart() const { return num_modules_ == n_; }
  // One visit of each node, in the order of order_. Result: whether any moved.
  absl::StatusOr<bool> Sweep(const Execution& execution);
  // The first sweep from singletons.
  absl::StatusOr<bool> SweepApart(const Execution& execution);
  // Sizes and strengths of the slots of labels_.
  void SumSlots();
  // Scores of all slots for a node, its own without the node itself.
  void Score(int32_t node);
  void ReadLinks(int32_t node);
  bool Visit(int32_t node);
  void Move(int32_t node, int32_t from, int32_t to);
  void AddSlotIfNoneEmpty();
  // Order-preserving renumbering of the slots without the empty ones.
  void Compact();
  void SetSlots(const Labels& number, int64_t slots);
  // Sums instead of rows once they are few enough.
  void BuildSumsWhenFew(const Execution& execution);

  const ModularityProblem& problem_;
  const Eigen::Index n_;
  Labels labels_;
  std::vector<int64_t> size_;  // of each slot
  Vector strength_plus_;       // k+ of each slot
  Vector strength_minus_;
  int64_t slots_ = 0;
  int64_t num_modules_ = 0;  // slots that are not empty
  const std::unique_ptr<Weights::Rows> rows_;
  bool has_sums_ = false;
  Matrix sums_;    // of each slot
  Vector addend_;  // work space of Move
  Vector score_;   // of each slot, for the node visited
  std::vector<int32_t> order_;
};

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_LOCAL_MOVES_H_
