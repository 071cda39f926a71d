#ifndef MODBOUND_CORE_MODULES_EXPECTED_INFORMATION_H_
#define MODBOUND_CORE_MODULES_EXPECTED_INFORMATION_H_

#include <cstdint>
#include <vector>

namespace modbound {

// ln 0!, ln 1!, ..., ln n!. Extended: differences of large entries are taken.
std::vector<long double> LogFactorials(int64_t n);

// Mean of the mutual information, in nats, of two partitions of n units with
// module sizes a and b (each > 0, sum n) over all permutations of the labels
// (Vinh, Epps & Bailey 2010, eq. 24a): for every pair of modules the overlap k
// is hypergeometric,
//   E I = sum_ij sum_k (k/n) ln(n k / (a_i b_j)) P(k | a_i, b_j, n).
// log_factorial: LogFactorials of n or more. Cost: one term per different pair
// of sizes and possible overlap.
double ExpectedMutualInformation(const std::vector<int64_t>& a,
                                 const std::vector<int64_t>& b,
                                 int64_t n,
                                 const std::vector<long double>& log_factorial);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_EXPECTED_INFORMATION_H_
