#ifndef MODBOUND_CORE_MODULES_UNITS_PROBLEM_H_
#define MODBOUND_CORE_MODULES_UNITS_PROBLEM_H_

#include <cstdint>
#include <vector>

#include "core/modules/quality.h"

namespace modbound {

// The problem of some units, of indices `units` (rising).
struct UnitsProblem {
  ModularityProblem problem;
  std::vector<int64_t> units;
};

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_UNITS_PROBLEM_H_
