#include "core/modules/chosen_units.h"

#include <string>

#include "core/base/error.h"

namespace modbound {

absl::StatusOr<std::vector<int64_t>> ChooseUnits(
    const std::vector<uint8_t>& valid, bool include_silent) {
  const auto n = static_cast<int64_t>(valid.size());
  if (n < 2) {
    return Refuse(
        reason::kDegenerate,
        "matrix",
        "a partition needs at least 2 units, got " + std::to_string(n));
  }
  std::vector<int64_t> units;
  bool any = false;
  for (int64_t i = 0; i < n; ++i) {
    any = any || valid[i] != 0;
    if (valid[i] != 0 || include_silent) {
      units.push_back(i);
    }
  }
  if (!any) {
    return Refuse(reason::kDegenerate,
                  "matrix",
                  "every one of the " + std::to_string(n) +
                      " units is silent: there is nothing to partition");
  }
  return units;
}

}  // namespace modbound
