#include "core/modules/expected_information.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace modbound {
namespace {

// Each size and how often it occurs: a partition into single units has one.
std::map<int64_t, int64_t> CountSizes(const std::vector<int64_t>& sizes) {
  std::map<int64_t, int64_t> counts;
  for (const int64_t size : sizes) {
    ++counts[size];
  }
  return counts;
}

// sum_k (k/n) ln(n k / (a b)) P(k | a, b, n).
double ExpectedTerm(int64_t a,
                    int64_t b,
                    int64_t n,
                    const std::vector<long double>& log_factorial) {
  const long double fixed = log_factorial[a] + log_factorial[b] +
                            log_factorial[n - a] + log_factorial[n - b] -
                            log_factorial[n];
  const double scale =
      static_cast<double>(n) / static_cast<double>(a) / static_cast<double>(b);
  double sum = 0;
  for (int64_t k = std::max<int64_t>(1, a + b - n); k <= std::min(a, b); ++k) {
    const long double log_p = fixed - log_factorial[k] - log_factorial[a - k] -
                              log_factorial[b - k] -
                              log_factorial[n - a - b + k];
    const auto overlap = static_cast<double>(k);
    sum += overlap / static_cast<double>(n) * std::log(scale * overlap) *
           std::exp(static_cast<double>(log_p));
  }
  return sum;
}

}  // namespace

std::vector<long double> LogFactorials(int64_t n) {
  std::vector<long double> table(static_cast<std::size_t>(n) + 1, 0);
  for (std::size_t k = 2; k < table.size(); ++k) {
    table[k] = table[k - 1] + std::log(static_cast<long double>(k));
  }
  return table;
}

double ExpectedMutualInformation(
    const std::vector<int64_t>& a,
    const std::vector<int64_t>& b,
    int64_t n,
    const std::vector<long double>& log_factorial) {
  double sum = 0;
  for (const auto& [size_a, count_a] : CountSizes(a)) {
    for (const auto& [size_b, count_b] : CountSizes(b)) {
      sum += static_cast<double>(count_a) * static_cast<double>(count_b) *
             ExpectedTerm(size_a, size_b, n, log_factorial);
    }
  }
  return sum;
}

}  // namespace modbound
