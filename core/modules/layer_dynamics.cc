#include "core/modules/layer_dynamics.h"

#include <cstdint>
#include <set>

namespace modbound {

Vector Flexibility(const std::vector<Labels>& labels) {
  const auto n = static_cast<Eigen::Index>(labels[0].size());
  Vector changes = Vector::Zero(n);
  for (std::size_t l = 1; l < labels.size(); ++l) {
    for (Eigen::Index i = 0; i < n; ++i) {
      changes[i] += labels[l][i] != labels[l - 1][i] ? 1 : 0;
    }
  }
  return labels.size() < 2 ? changes
                           : changes / static_cast<double>(labels.size() - 1);
}

Matrix Allegiance(const std::vector<Labels>& labels) {
  const auto n = static_cast<Eigen::Index>(labels[0].size());
  Matrix together = Matrix::Zero(n, n);
  for (const Labels& layer : labels) {
    for (Eigen::Index i = 0; i < n; ++i) {
      for (Eigen::Index j = 0; j < n; ++j) {
        together(i, j) += layer[i] == layer[j] ? 1 : 0;
      }
    }
  }
  return together / static_cast<double>(labels.size());
}

Vector Promiscuity(const std::vector<Labels>& labels) {
  const std::size_t n = labels[0].size();
  std::set<int32_t> all;
  Vector modules(static_cast<Eigen::Index>(n));
  for (std::size_t i = 0; i < n; ++i) {
    std::set<int32_t> own;
    for (const Labels& layer : labels) {
      own.insert(layer[i]);
    }
    modules[static_cast<Eigen::Index>(i)] = static_cast<double>(own.size());
    all.merge(own);
  }
  return modules / static_cast<double>(all.size());
}

}  // namespace modbound
