#include "core/modules/local_moves.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/modules/aggregate.h"
#include "core/modules/first_sweep.h"

namespace modbound {
namespace {

// Far beyond what any matrix needs (each sweep but the last raises Q); an end
// even if rounding made moves go round in a circle.
constexpr int kMaxSweeps = 1000;

// Sums are kept for at most this many slots of n nodes.
Eigen::Index MaxSums(Eigen::Index n) {
  return std::clamp<Eigen::Index>(n / 8, 32, kMaxSums);
}

// Rows that sums grow by.
constexpr Eigen::Index kMoreSums = 64;

}  // namespace

LocalMoves::LocalMoves(const ModularityProblem& problem)
    : problem_(problem),
      n_(problem.size()),
      labels_(static_cast<std::size_t>(n_)),
      size_(static_cast<std::size_t>(n_), 1),
      strength_plus_(problem.k_plus()),
      strength_minus_(problem.k_minus()),
      slots_(n_),
      num_modules_(n_),
      rows_(problem.weights().MakeRows()),
      addend_(problem.weights().width()),
      score_(n_),
      order_(static_cast<std::size_t>(n_)) {
  std::iota(labels_.begin(), labels_.end(), 0);
}

LocalMoves::LocalMoves(const ModularityProblem& problem,
                       const Labels& labels,
                       const Execution& execution)
    : LocalMoves(problem) {
  Assign(labels, execution);
}

void LocalMoves::Assign(const Labels& labels, const Execution& execution) {
  labels_ = labels;
  has_sums_ = false;
  SumSlots();
  AddSlotIfNoneEmpty();
  BuildSumsWhenFew(execution);
}

void LocalMoves::SumSlots() {
  slots_ = 0;
  std::fill(size_.begin(), size_.end(), 0);
  strength_plus_.setZero();
  strength_minus_.setZero();
  for (Eigen::Index i = 0; i < n_; ++i) {
    const int32_t label = labels_[i];
    slots_ = std::max<int64_t>(slots_, label + 1);
    ++size_[label];
    strength_plus_[label] += problem_.k_plus()[i];
    strength_minus_[label] += problem_.k_minus()[i];
  }
  num_modules_ = slots_;
}

absl::StatusOr<bool> LocalMoves::SweepApart(const Execution& execution) {
  MODBOUND_ASSIGN_OR_RETURN(
      FirstSweep sweep,
      SweepSingletons(problem_, order_, MaxSums(n_), execution));
  labels_ = std::move(sweep.labels);
  sums_ = std::move(sweep.links);
  has_sums_ = sums_.rows() > 0;
  SumSlots();
  AddSlotIfNoneEmpty();
  return sweep.moved;
}

absl::StatusOr<bool> LocalMoves::Run(RandomStream& stream,
                                     const Execution& execution) {
  bool any = false;
  bool moved = n_ > 1;
  for (int sweep = 0; moved && sweep < kMaxSweeps; ++sweep) {
    std::iota(order_.begin(), order_.end(), 0);
    stream.Shuffle(order_);
    if (IsApart() && problem_.weights().has_rows()) {
      MODBOUND_ASSIGN_OR_RETURN(moved, SweepApart(execution));
    } else {
      MODBOUND_ASSIGN_OR_RETURN(moved, Sweep(execution));
    }
    any = any || moved;
    Compact();
    if (has_sums_ && slots_ > 2 * MaxSums(n_)) {
      // Modules became many: read from rows again.
      has_sums_ = false;
      sums_.resize(0, 0);
    }
    BuildSumsWhenFew(execution);
  }
  return any;
}

absl::StatusOr<bool> LocalMoves::Sweep(const Execution& execution) {
  bool moved = false;
  if (!has_sums_) {
    rows_->Begin(order_, execution);
  }
  for (const int32_t node : order_) {
    if (execution.stopped()) {
      return StoppedError();
    }
    moved = Visit(node) || moved;
    if (!has_sums_ && slots_ > 16 && 2 * (num_modules_ + 1) < slots_) {
      Compact();
    }
  }
  return moved;
}

void LocalMoves::ReadLinks(int32_t node) {
  if (has_sums_) {
    problem_.weights().LinksFromSums(
        sums_, node, labels_[node], slots_, score_.data());
  } else {
    rows_->Links(node, labels_, slots_, score_.data());
  }
}

void LocalMoves::Score(int32_t node) {
  ReadLinks(node);
  const double k_plus = problem_.k_plus()[node];
  const double k_minus = problem_.k_minus()[node];
  const double plus = problem_.c_plus() * k_plus;
  const double minus = problem_.c_minus() * k_minus;
  score_.head(slots_) -=
      plus * strength_plus_.head(slots_) - minus * strength_minus_.head(slots_);
  // The node's links to itself move with it.
  score_[labels_[node]] -=
      problem_.weights().Diagonal(node) - (plus * k_plus - minus * k_minus);
}

bool LocalMoves::Visit(int32_t node) {
  Score(node);
  const int32_t own = labels_[node];
  const double best = score_.head(slots_).maxCoeff();
  // Every pair counts twice in Q.
  if (!(2 * (best - score_[own]) > problem_.gain_floor())) {
    return false;
  }
  const double* first = score_.data();
  const auto to =
      static_cast<int32_t>(std::find(first, first + slots_, best) - first);
  Move(node, own, to);
  return true;
}

void LocalMoves::Move(int32_t node, int32_t from, int32_t to) {
  const double k_plus = problem_.k_plus()[node];
  const double k_minus = problem_.k_minus()[node];
  labels_[node] = to;
  num_modules_ += size_[to] == 0 ? 1 : 0;
  ++size_[to];
  --size_[from];
  num_modules_ -= size_[from] == 0 ? 1 : 0;
  strength_plus_[to] += k_plus;
  strength_minus_[to] += k_minus;
  strength_plus_[from] -= k_plus;
  strength_minus_[from] -= k_minus;
  if (has_sums_) {
    const Eigen::Map<const Eigen::RowVectorXd> addend(
        problem_.weights().Addend(node, addend_.data()), sums_.cols());
    sums_.row(to) += addend;
    sums_.row(from) -= addend;
  }
  if (size_[from] == 0) {
    // Exactly, not up to rounding: an empty slot must score 0.
    strength_plus_[from] = 0;
    strength_minus_[from] = 0;
    if (has_sums_) {
      sums_.row(from).setZero();
    }
  }
  AddSlotIfNoneEmpty();
}

void LocalMoves::AddSlotIfNoneEmpty() {
  if (num_modules_ < slots_ || num_modules_ == n_) {
    return;
  }
  size_[slots_] = 0;
  strength_plus_[slots_] = 0;
  strength_minus_[slots_] = 0;
  if (has_sums_) {
    if (slots_ == sums_.rows()) {
      sums_.conservativeResize(std::min(n_, slots_ + kMoreSums),
                               Eigen::NoChange);
    }
    sums_.row(slots_).setZero();
  }
  ++slots_;
}

void LocalMoves::Compact() {
  if (num_modules_ == slots_) {
    return;
  }
  Labels number(static_cast<std::size_t>(slots_), -1);
  int32_t next = 0;
  for (Eigen::Index m = 0; m < slots_; ++m) {
    if (size_[m] > 0) {
      number[m] = next++;
    }
  }
  SetSlots(number, next);
}

// Slot m becomes number[m] <= m, or goes when -1; slots with one number merge.
void LocalMoves::SetSlots(const Labels& number, int64_t slots) {
  const Eigen::Index before = slots_;
  Eigen::Index filled = 0;
  for (Eigen::Index m = 0; m < before; ++m) {
    const int32_t to = number[m];
    if (to < 0 || (to == m && to == filled)) {
      filled = std::max<Eigen::Index>(filled, to + 1);
      continue;
    }
    const double keep = to < filled ? 1 : 0;
    size_[to] = (to < filled ? size_[to] : 0) + size_[m];
    strength_plus_[to] = keep * strength_plus_[to] + strength_plus_[m];
    strength_minus_[to] = keep * strength_minus_[to] + strength_minus_[m];
    if (has_sums_) {
      if (to < filled) {
        sums_.row(to) += sums_.row(m);
      } else {
        sums_.row(to) = sums_.row(m);
      }
    }
    filled = std::max<Eigen::Index>(filled, to + 1);
  }
  for (int32_t& label : labels_) {
    label = number[label];
  }
  slots_ = slots;
  num_modules_ = slots;
  AddSlotIfNoneEmpty();
}

void LocalMoves::BuildSumsWhenFew(const Execution& execution) {
  if (has_sums_ || slots_ > MaxSums(n_) || slots_ >= n_) {
    return;
  }
  const Weights& weights = problem_.weights();
  sums_.setZero(std::min(n_, slots_ + 8), weights.width());
  weights.AddAddends(labels_, execution, sums_);
  has_sums_ = true;
}

ModularityProblem LocalMoves::Aggregate(const Execution& execution) {
  Compact();
  return has_sums_
             ? AggregateSums(problem_, labels_, num_modules_, sums_)
             : AggregateProblem(problem_, labels_, num_modules_, execution);
}

LocalMoves::Pairs LocalMoves::AggregatePairs(const Execution& execution) {
  Compact();
  std::vector<int64_t> modules;
  Labels number(static_cast<std::size_t>(slots_), -1);
  for (int64_t m = 0; m < num_modules_; ++m) {
    if (size_[m] > 1) {
      number[m] = static_cast<int32_t>(modules.size());
      modules.push_back(m);
    }
  }
  // Nodes by themselves go into one node, which then is left out.
  const auto rest = static_cast<int32_t>(modules.size());
  Labels labels = labels_;
  for (int32_t& label : labels) {
    label = number[label] < 0 ? rest : number[label];
  }
  const ModularityProblem with_rest =
      AggregateProblem(problem_, labels, rest + 1, execution);
  std::vector<int64_t> nodes(modules.size());
  std::iota(nodes.begin(), nodes.end(), 0);
  return {RestrictProblem(with_rest, nodes, execution), std::move(modules)};
}

void LocalMoves::Merge(const Labels& merged) {
  // Numbered by first member, so that every slot moves down or stays.
  Labels number(static_cast<std::size_t>(slots_), -1);
  Labels first(merged.size(), -1);
  int32_t next = 0;
  for (std::size_t m = 0; m < merged.size(); ++m) {
    int32_t& to = first[merged[m]];
    if (to < 0) {
      to = next++;
    }
    number[m] = to;
  }
  SetSlots(number, next);
}

}  // namespace modbound
