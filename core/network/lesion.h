#ifndef MODBOUND_CORE_NETWORK_LESION_H_
#define MODBOUND_CORE_NETWORK_LESION_H_

#include <cstdint>
#include <vector>

#include "core/network/network.h"

namespace modbound {

// Weights that a lesion of unit i sets to 0.
enum class LesionScope {
  kRecurrent,  // row i and column i of W_rec
  kAll,        // also row i of W_in
  kSilence,    // also b_in(i) and b_rec(i)
};

// Lesions `units`, each in [0, N).
void LesionUnits(const std::vector<int64_t>& units,
                 LesionScope scope,
                 Network& network);

}  // namespace modbound

#endif  // MODBOUND_CORE_NETWORK_LESION_H_
