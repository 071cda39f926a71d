#include "core/statistics/multiple_tests.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace modbound {
namespace {

// Indices of the tests (not NaN) by rising p.
std::vector<Eigen::Index> RisingOrder(const Eigen::Ref<const Vector>& p) {
  std::vector<Eigen::Index> order;
  for (Eigen::Index i = 0; i < p.size(); ++i) {
    if (!std::isnan(p[i])) {
      order.push_back(i);
    }
  }
  std::stable_sort(order.begin(),
                   order.end(),
                   [&](Eigen::Index a, Eigen::Index b) { return p[a] < p[b]; });
  return order;
}

}  // namespace

Vector HolmAdjusted(const Eigen::Ref<const Vector>& p) {
  const std::vector<Eigen::Index> order = RisingOrder(p);
  Vector adjusted = p;
  double largest = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    largest =
        std::max(largest, static_cast<double>(order.size() - k) * p[order[k]]);
    adjusted[order[k]] = std::min(1.0, largest);
  }
  return adjusted;
}

Vector BenjaminiHochbergAdjusted(const Eigen::Ref<const Vector>& p) {
  const std::vector<Eigen::Index> order = RisingOrder(p);
  const auto m = static_cast<double>(order.size());
  Vector adjusted = p;
  double smallest = 1;
  for (std::size_t k = order.size(); k-- > 0;) {
    smallest = std::min(smallest, m * p[order[k]] / static_cast<double>(k + 1));
    adjusted[order[k]] = smallest;
  }
  return adjusted;
}

}  // namespace modbound
