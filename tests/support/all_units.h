#ifndef MODBOUND_TESTS_SUPPORT_ALL_UNITS_H_
#define MODBOUND_TESTS_SUPPORT_ALL_UNITS_H_

#include <cstdint>
#include <numeric>
#include <vector>

namespace modbound {

// 0, 1, ..., n - 1.
inline std::vector<int64_t> AllUnits(int64_t n) {
  std::vector<int64_t> units(static_cast<std::size_t>(n));
  std::iota(units.begin(), units.end(), 0);
  return units;
}

}  // namespace modbound

#endif  // MODBOUND_TESTS_SUPPORT_ALL_UNITS_H_
