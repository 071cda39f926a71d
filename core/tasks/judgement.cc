#include "core/tasks/judgement.h"

#include <algorithm>

namespace modbound {

bool Judgement::IsRight(const int32_t* choices) const {
  if (!targets.empty()) {
    return std::equal(targets.begin(), targets.end(), choices);
  }
  const int32_t* const end = choices + steps.size();
  const int64_t first = std::find(choices, end, response) - choices;
  return first >= earliest && first <= latest && choices + first != end;
}

}  // namespace modbound
