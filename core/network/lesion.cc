#include "core/network/lesion.h"

namespace modbound {

void LesionUnits(const std::vector<int64_t>& units,
                 LesionScope scope,
                 Network& network) {
  for (const int64_t i : units) {
    network.w_rec.row(i).setZero();
    network.w_rec.col(i).setZero();
    if (scope != LesionScope::kRecurrent) {
      network.w_in.row(i).setZero();
    }
    if (scope == LesionScope::kSilence) {
      network.b_in(i) = network.b_rec(i) = 0;
    }
  }
}

}  // namespace modbound
