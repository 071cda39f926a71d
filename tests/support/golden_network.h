#ifndef MODBOUND_TESTS_SUPPORT_GOLDEN_NETWORK_H_
#define MODBOUND_TESTS_SUPPORT_GOLDEN_NETWORK_H_

#include <string>

#include "core/network/network.h"
#include "support/golden.h"

namespace modbound {

// The network of a golden case, with default dynamics.
inline Network GoldenNetwork(const std::string& name) {
  Network network;
  network.w_in = LoadGolden(name, "w_in").ToMatrix();
  network.b_in = LoadGolden(name, "b_in").ToVector();
  network.w_rec = LoadGolden(name, "w_rec").ToMatrix();
  network.b_rec = LoadGolden(name, "b_rec").ToVector();
  network.w_out = LoadGolden(name, "w_out").ToMatrix();
  network.b_out = LoadGolden(name, "b_out").ToVector();
  return network;
}

}  // namespace modbound

#endif  // MODBOUND_TESTS_SUPPORT_GOLDEN_NETWORK_H_
