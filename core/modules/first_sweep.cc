#include "core/modules/first_sweep.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace modbound {
namespace {

constexpr int32_t kAlone = -1;

// Scores computed together.
constexpr Eigen::Index kBlock = 256;

class SingletonSweep {
 public:
  SingletonSweep(const ModularityProblem& problem, int64_t max_links)
      : problem_(problem),
        n_(problem.size()),
        max_links_(max_links),
        module_(static_cast<std::size_t>(n_), kAlone),
        joined_(Vector::Zero(n_)),
        row_(n_),
        other_row_(n_),
        score_(kBlock) {}

  // False when there is no room for a further module: nothing moves then.
  bool Visit(Eigen::Index node) {
    const double plus = problem_.c_plus() * problem_.k_plus()[node];
    const double minus = problem_.c_minus() * problem_.k_minus()[node];
    const int32_t own = module_[node];
    const double keep = own == kAlone ? 0 : OwnScore(node, plus, minus);
    const Eigen::RowVectorXd::ConstMapType row = Row(node, row_);
    // A node of a module may also go off on its own, which scores 0.
    double best = 0;
    Eigen::Index module = kAlone;
    for (Eigen::Index m = 0; m < modules_; ++m) {
      const double score =
          links_(m, node) - plus * plus_[m] + minus * minus_[m];
      if (m != own && score > best) {
        best = score;
        module = m;
      }
    }
    const Eigen::Index single = BestSingle(node, row, plus, minus, best);
    // Every pair counts twice in Q.
    if (!(2 * (best - keep) > problem_.gain_floor())) {
      return true;
    }
    if (single >= 0) {
      if (modules_ == max_links_) {
        return false;
      }
      module = AddModule();
      Join(single, Row(single, other_row_), module);
    }
    moved_ = true;
    if (own != kAlone) {
      Leave(node, row, own);
    }
    if (module != kAlone) {
      Join(node, row, module);
    }
    if (own != kAlone && members_[own] < 2) {
      Dissolve(own);
    }
    return true;
  }

  FirstSweep Result(bool complete) && {
    FirstSweep result;
    result.moved = moved_;
    result.labels = std::move(module_);
    result.modules = modules_;
    complete = complete && modules_ + Singles(result.labels) <= max_links_;
    for (Eigen::Index i = 0; i < n_; ++i) {
      int32_t& label = result.labels[i];
      if (label == kAlone) {
        label = static_cast<int32_t>(result.modules++);
        if (complete) {
          Reserve(result.modules);
          links_.row(label) = Row(i, row_);
        }
      }
    }
    if (complete) {
      result.links = std::move(links_);
    }
    return result;
  }

 private:
  // Where it is stored as doubles, else in `buffer`.
  Eigen::RowVectorXd::ConstMapType Row(Eigen::Index node,
                                       Vector& buffer) const {
    return {problem_.weights().Addend(node, buffer.data()), n_};
  }

  static int64_t Singles(const Labels& labels) {
    return std::count(labels.begin(), labels.end(), kAlone);
  }

  // Score of the node's own module without it.
  double OwnScore(Eigen::Index node, double plus, double minus) const {
    const int32_t own = module_[node];
    return links_(own, node) - problem_.weights().Diagonal(node) -
           plus * (plus_[own] - problem_.k_plus()[node]) +
           minus * (minus_[own] - problem_.k_minus()[node]);
  }

  // The single node that scores more than `best`, which becomes its score, or
  // -1. In blocks, whose scores stay in the nearest cache.
  Eigen::Index BestSingle(Eigen::Index node,
                          const Eigen::RowVectorXd::ConstMapType& weights,
                          double plus,
                          double minus,
                          double& best) {
    const Vector::ConstMapType row(weights.data(), n_);
    // Not with itself.
    const double joined = joined_[node];
    joined_[node] = -std::numeric_limits<double>::infinity();
    Eigen::Index single = -1;
    for (Eigen::Index first = 0; first < n_; first += kBlock) {
      const Eigen::Index size = std::min(kBlock, n_ - first);
      score_.head(size) = row.segment(first, size) +
                          joined_.segment(first, size) -
                          plus * problem_.k_plus().segment(first, size) +
                          minus * problem_.k_minus().segment(first, size);
      const double largest = score_.head(size).maxCoeff();
      if (largest > best) {
        best = largest;
        single =
            first + (std::find(score_.data(), score_.data() + size, largest) -
                     score_.data());
      }
    }
    joined_[node] = joined;
    return single;
  }

  void Reserve(Eigen::Index rows) {
    if (rows > links_.rows()) {
      links_.conservativeResize(
          std::min<Eigen::Index>(max_links_,
                                 std::max<Eigen::Index>(16, 2 * rows)),
          n_);
    }
  }

  Eigen::Index AddModule() {
    Reserve(modules_ + 1);
    links_.row(modules_).setZero();
    members_.push_back(0);
    plus_.push_back(0);
    minus_.push_back(0);
    return modules_++;
  }

  void Join(Eigen::Index node,
            const Eigen::RowVectorXd::ConstMapType& row,
            Eigen::Index module) {
    module_[node] = static_cast<int32_t>(module);
    joined_[node] = -std::numeric_limits<double>::infinity();
    ++members_[module];
    plus_[module] += problem_.k_plus()[node];
    minus_[module] += problem_.k_minus()[node];
    links_.row(module) += row;
  }

  void Leave(Eigen::Index node,
             const Eigen::RowVectorXd::ConstMapType& row,
             Eigen::Index module) {
    module_[node] = kAlone;
    joined_[node] = 0;
    --members_[module];
    plus_[module] -= problem_.k_plus()[node];
    minus_[module] -= problem_.k_minus()[node];
    links_.row(module) -= row;
  }

  // A module that one node is left of; the last module takes its number.
  void Dissolve(Eigen::Index module) {
    const Eigen::Index last = --modules_;
    for (Eigen::Index i = 0; i < n_; ++i) {
      if (module_[i] == module) {
        module_[i] = kAlone;
        joined_[i] = 0;
      } else if (module_[i] == last) {
        module_[i] = static_cast<int32_t>(module);
      }
    }
    if (module != last) {
      links_.row(module) = links_.row(last);
    }
    members_[module] = members_[last];
    plus_[module] = plus_[last];
    minus_[module] = minus_[last];
    members_.pop_back();
    plus_.pop_back();
    minus_.pop_back();
  }

  const ModularityProblem& problem_;
  const Eigen::Index n_;
  const Eigen::Index max_links_;
  Labels module_;  // kAlone: in a module of its own
  Vector joined_;  // 0 for nodes that are alone, else -infinity
  // Of modules of two nodes and more.
  Eigen::Index modules_ = 0;
  std::vector<int64_t> members_;
  std::vector<double> plus_;  // k+
  std::vector<double> minus_;
  Matrix links_;
  // Work space: rows of Visit, kBlock scores of BestSingle.
  Vector row_;
  Vector other_row_;
  Vector score_;
  bool moved_ = false;
};

}  // namespace

absl::StatusOr<FirstSweep> SweepSingletons(const ModularityProblem& problem,
                                           const std::vector<int32_t>& order,
                                           int64_t max_links,
                                           const Execution& execution) {
  SingletonSweep sweep(problem, max_links);
  bool complete = true;
  for (std::size_t i = 0; complete && i < order.size(); ++i) {
    if (execution.stopped()) {
      return StoppedError();
    }
    complete = sweep.Visit(order[i]);
  }
  return std::move(sweep).Result(complete);
}

}  // namespace modbound
