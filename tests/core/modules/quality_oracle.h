#ifndef MODBOUND_TESTS_CORE_MODULES_QUALITY_ORACLE_H_
#define MODBOUND_TESTS_CORE_MODULES_QUALITY_ORACLE_H_

#include <cmath>

#include "core/base/matrix.h"
#include "core/base/random.h"
#include "core/modules/quality.h"

// Slow oracle: every quality function's N x N matrix written out.
namespace modbound {

inline constexpr QualityFunction kAllFunctions[] = {
    QualityFunction::kNegativeAsym,
    QualityFunction::kNegativeSym,
    QualityFunction::kModularity,
    QualityFunction::kPotts,
    QualityFunction::kUniform,
    QualityFunction::kCustom};

struct OracleCase {
  Matrix weights;
  Matrix null_matrix;
  Labels labels;
};

// Random symmetric weights that the function is defined for, with a non-zero
// diagonal; 3 modules.
inline OracleCase RandomOracleCase(QualityFunction function,
                                   Eigen::Index n,
                                   uint64_t seed) {
  RandomStream random(seed, RandomPurpose::kControlUnits, 0);
  OracleCase oracle{Matrix(n, n), Matrix(n, n), {}};
  for (Eigen::Index i = 0; i < n; ++i) {
    oracle.labels.push_back(static_cast<int32_t>(random.Index(3)));
    for (Eigen::Index j = 0; j <= i; ++j) {
      double weight = random.Normal();
      if (function == QualityFunction::kModularity) {
        weight = std::abs(weight);
      } else if (function == QualityFunction::kPotts) {
        weight = weight > 0 ? 1 : 0;
      }
      oracle.weights(i, j) = oracle.weights(j, i) = weight;
      oracle.null_matrix(i, j) = oracle.null_matrix(j, i) = random.Uniform();
    }
  }
  return oracle;
}

// B of the header's formulas.
inline Matrix FullQualityMatrix(const OracleCase& oracle,
                                const QualityOptions& options) {
  Matrix W = oracle.weights;
  if (!options.keep_diagonal) {
    W.diagonal().setZero();
  }
  const double gamma = options.gamma;
  auto modularity = [&](const Matrix& part) -> Matrix {
    const Vector k = part.rowwise().sum();
    const double s = k.sum();
    return s == 0 ? Matrix(part) : Matrix(part - gamma * k * k.transpose() / s);
  };
  const Matrix plus = W.cwiseMax(0.0);
  const Matrix minus = (-W).cwiseMax(0.0);
  // A term without anything to divide by is 0.
  auto share = [](const Matrix& numerator, double total) -> Matrix {
    return total == 0 ? Matrix(0 * numerator) : Matrix(numerator / total);
  };
  const double s = W.sum();
  const double both = plus.sum() + minus.sum();
  switch (options.function) {
    case QualityFunction::kNegativeAsym:
      return share(modularity(plus), plus.sum()) -
             share(modularity(minus), both);
    case QualityFunction::kNegativeSym:
      return share(modularity(plus) - modularity(minus), both);
    case QualityFunction::kModularity:
      return share(modularity(W), s);
    case QualityFunction::kPotts:
      return share(W.array() - gamma * (W.array() == 0).cast<double>(), s);
    case QualityFunction::kUniform:
      return share(W.array() - gamma, both);
    case QualityFunction::kCustom:
      return W - gamma * oracle.null_matrix;
  }
  return Matrix();
}

inline double SumWithin(const Matrix& full, const Labels& labels) {
  double sum = 0;
  for (Eigen::Index i = 0; i < full.rows(); ++i) {
    for (Eigen::Index j = 0; j < full.cols(); ++j) {
      sum += labels[i] == labels[j] ? full(i, j) : 0;
    }
  }
  return sum;
}

}  // namespace modbound

#endif  // MODBOUND_TESTS_CORE_MODULES_QUALITY_ORACLE_H_
