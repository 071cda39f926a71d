#ifndef MODBOUND_CORE_BASE_NORMAL_PAIRS_H_
#define MODBOUND_CORE_BASE_NORMAL_PAIRS_H_

#include <array>
#include <cstddef>

namespace modbound {

// Pairs that are made together: what vector instructions take at once.
inline constexpr std::size_t kNormalPairs = 8;

// Standard normal numbers (Box & Muller 1958) of uniform u, v in [0, 1), each a
// multiple of 2^-53:
//   normals[2 i] = r cos(2 pi v_i), normals[2 i + 1] = r sin(2 pi v_i),
//   r = sqrt(-2 log(1 - u_i)).
// Within 4 epsilon of r. The same bytes for a pair at any place.
void MakeNormalPairs(const std::array<double, kNormalPairs>& u,
                     const std::array<double, kNormalPairs>& v,
                     std::array<double, 2 * kNormalPairs>& normals);

}  // namespace modbound

#endif  // MODBOUND_CORE_BASE_NORMAL_PAIRS_H_
