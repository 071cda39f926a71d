#include "core/representation/symmetric_eigen.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "Eigen/Eigenvalues"
#include "core/base/progress_counter.h"

namespace modbound {
namespace {

// Rows up to which the whole decomposition ends well before a stop is missed.
constexpr int64_t kDirectRows = 512;
// Rounds of inverse iteration: two are enough for a lone eigenvalue, clustered
// ones take more.
constexpr int kInverseIterations = 5;

using ColumnMatrix = Eigen::MatrixXd;

// A = Q T Q': T's diagonals, and Q as reflections I - tau v v'.
struct Tridiagonal {
  Vector diagonal;           // n
  Vector below;              // n - 1
  ColumnMatrix reflections;  // v of step k in column k, rows k + 1 ...
  Vector tau;                // n - 1
};

absl::StatusOr<Tridiagonal> Tridiagonalise(const Matrix& symmetric,
                                           const Execution& execution) {
  const int64_t n = symmetric.rows();
  Tridiagonal result{Vector(n),
                     Vector(std::max<int64_t>(n - 1, 0)),
                     symmetric,
                     Vector(std::max<int64_t>(n - 1, 0))};
  ColumnMatrix& A = result.reflections;
  Vector w;
  ProgressCounter counter(
      execution, "tridiagonal form", "rows", std::max<int64_t>(n - 1, 0));
  for (int64_t k = 0; k + 1 < n; ++k) {
    if (execution.stopped()) {
      return StoppedError();
    }
    const int64_t rest = n - k - 1;
    auto v = A.col(k).tail(rest);
    double beta = 0;
    v.makeHouseholderInPlace(result.tau(k), beta);
    v(0) = 1;
    result.below(k) = beta;
    // H A H = A - v w' - w v' with w = p - (tau/2)(p'v) v, p = tau A v.
    auto corner = A.bottomRightCorner(rest, rest);
    w.noalias() =
        corner.selfadjointView<Eigen::Lower>() * (result.tau(k) * v).eval();
    w -= (0.5 * result.tau(k) * w.dot(v)) * v;
    corner.selfadjointView<Eigen::Lower>().rankUpdate(v, w, -1);
    counter.Add(1);
  }
  result.diagonal = A.diagonal();
  return result;
}

// LU factors, with row exchanges, of a tridiagonal matrix minus a shift.
class ShiftedTridiagonal {
 public:
  // A pivot below `tiny` is replaced by it: the shift is an eigenvalue, so one
  // is bound to vanish, and its size only scales the solution.
  ShiftedTridiagonal(const Tridiagonal& T, double shift, double tiny)
      : pivot_(T.diagonal.array() - shift),
        next_(T.below),
        after_(Vector::Zero(std::max<int64_t>(T.below.size() - 1, 0))),
        factor_(T.below.size()),
        swapped_(static_cast<std::size_t>(T.below.size())) {
    const int64_t n = pivot_.size();
    for (int64_t i = 0; i + 1 < n; ++i) {
      double below = T.below(i);
      const bool swap = std::abs(below) > std::abs(pivot_(i));
      swapped_[static_cast<std::size_t>(i)] = swap;
      if (swap) {
        std::swap(pivot_(i), below);
        std::swap(next_(i), pivot_(i + 1));
        if (i + 2 < n) {
          after_(i) = next_(i + 1);
          next_(i + 1) = 0;
        }
      } else if (std::abs(pivot_(i)) < tiny) {
        pivot_(i) = tiny;
      }
      factor_(i) = below / pivot_(i);
      pivot_(i + 1) -= factor_(i) * next_(i);
      if (swap && i + 2 < n) {
        next_(i + 1) -= factor_(i) * after_(i);
      }
    }
    if (n > 0 && std::abs(pivot_(n - 1)) < tiny) {
      pivot_(n - 1) = tiny;
    }
  }

  void SolveInPlace(Eigen::Ref<Vector> x) const {
    const int64_t n = pivot_.size();
    for (int64_t i = 0; i + 1 < n; ++i) {
      if (swapped_[static_cast<std::size_t>(i)]) {
        std::swap(x(i), x(i + 1));
      }
      x(i + 1) -= factor_(i) * x(i);
    }
    for (int64_t i = n - 1; i >= 0; --i) {
      double value = x(i);
      if (i + 1 < n) {
        value -= next_(i) * x(i + 1);
      }
      if (i + 2 < n) {
        value -= after_(i) * x(i + 2);
      }
      x(i) = value / pivot_(i);
    }
  }

 private:
  Vector pivot_;
  Vector next_;
  Vector after_;
  Vector factor_;
  std::vector<bool> swapped_;
};

// A start with a part along every vector, another one for each j: multiples of
// the golden section and of sqrt(2), mod 1.
Vector StartVector(int64_t n, int64_t j) {
  Vector x(n);
  for (int64_t i = 0; i < n; ++i) {
    const double place = static_cast<double>(i + 1) * 0.6180339887498949 +
                         static_cast<double>(j) * 0.4142135623730951;
    x(i) = place - std::floor(place) - 0.5;
  }
  return x;
}

// Takes the first `count` columns out of x, twice against cancellation.
void Orthogonalise(const ColumnMatrix& vectors,
                   int64_t count,
                   Eigen::Ref<Vector> x) {
  for (int pass = 0; pass < 2; ++pass) {
    const Vector part = vectors.leftCols(count).transpose() * x;
    x.noalias() -= vectors.leftCols(count) * part;
  }
}

absl::StatusOr<ColumnMatrix> InverseIteration(const Tridiagonal& T,
                                              const Vector& values,
                                              int64_t count,
                                              const Execution& execution) {
  const int64_t n = T.diagonal.size();
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  const double scale = std::max(values.cwiseAbs().maxCoeff(),
                                std::numeric_limits<double>::min() / kEpsilon);
  ColumnMatrix vectors(n, count);
  double shift = std::numeric_limits<double>::infinity();
  ProgressCounter counter(execution, "eigenvectors", "vectors", count);
  for (int64_t j = 0; j < count; ++j) {
    // Equal eigenvalues get shifts a little apart, so that their solutions are
    // not all the same vector.
    shift = std::min(values(j), shift - 10 * kEpsilon * scale);
    const ShiftedTridiagonal shifted(T, shift, kEpsilon * scale);
    Vector x = StartVector(n, j);
    for (int round = 0; round < kInverseIterations; ++round) {
      if (execution.stopped()) {
        return StoppedError();
      }
      x.normalize();
      shifted.SolveInPlace(x);
      x /= x.cwiseAbs().maxCoeff();
      Orthogonalise(vectors, j, x);
    }
    vectors.col(j) = x.normalized();
    counter.Add(1);
  }
  return vectors;
}

// vectors = Q vectors.
absl::Status ApplyReflections(const Tridiagonal& T,
                              ColumnMatrix& vectors,
                              const Execution& execution) {
  const int64_t n = T.diagonal.size();
  Eigen::RowVectorXd part;
  for (int64_t k = n - 2; k >= 0; --k) {
    if (execution.stopped()) {
      return StoppedError();
    }
    const auto v = T.reflections.col(k).tail(n - k - 1);
    auto rows = vectors.bottomRows(n - k - 1);
    part.noalias() = T.tau(k) * (v.transpose() * rows);
    rows.noalias() -= v * part;
  }
  return absl::OkStatus();
}

}  // namespace

namespace internal {

absl::StatusOr<EigenPairs> EigenPairsByTridiagonal(const Matrix& symmetric,
                                                   int64_t count,
                                                   const Execution& execution) {
  MODBOUND_ASSIGN_OR_RETURN(const Tridiagonal T,
                            Tridiagonalise(symmetric, execution));
  Eigen::SelfAdjointEigenSolver<ColumnMatrix> solver;
  solver.computeFromTridiagonal(T.diagonal, T.below, Eigen::EigenvaluesOnly);
  EigenPairs pairs;
  pairs.values = solver.eigenvalues().reverse();
  MODBOUND_ASSIGN_OR_RETURN(
      ColumnMatrix vectors,
      InverseIteration(T, pairs.values, count, execution));
  MODBOUND_RETURN_IF_ERROR(ApplyReflections(T, vectors, execution));
  pairs.vectors = vectors.transpose();
  return pairs;
}

}  // namespace internal

absl::StatusOr<EigenPairs> LeadingEigenPairs(const Matrix& symmetric,
                                             int64_t count,
                                             const Execution& execution) {
  if (symmetric.rows() > kDirectRows) {
    return internal::EigenPairsByTridiagonal(symmetric, count, execution);
  }
  const Eigen::SelfAdjointEigenSolver<ColumnMatrix> solver(symmetric);
  EigenPairs pairs;
  pairs.values = solver.eigenvalues().reverse();
  pairs.vectors =
      solver.eigenvectors().rowwise().reverse().leftCols(count).transpose();
  return pairs;
}

}  // namespace modbound
