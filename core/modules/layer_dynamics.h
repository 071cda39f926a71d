#ifndef MODBOUND_CORE_MODULES_LAYER_DYNAMICS_H_
#define MODBOUND_CORE_MODULES_LAYER_DYNAMICS_H_

#include <vector>

#include "core/base/matrix.h"

// How units change modules over L >= 1 layers (times, trials) whose labels mean
// the same modules: labels[l][i] >= 0, N a layer.
namespace modbound {

// Share of the L - 1 steps from one layer to the next at which unit i changes
// its module (Bassett et al. 2011): N values in [0, 1]; 0 for one layer.
Vector Flexibility(const std::vector<Labels>& labels);

// Share of the layers in which i and j are in one module (Bassett et al. 2015):
// N x N in [0, 1], diagonal 1.
Matrix Allegiance(const std::vector<Labels>& labels);

// Share of all modules of all layers that unit i is ever in (Papadopoulos et
// al. 2016): N values in (0, 1].
Vector Promiscuity(const std::vector<Labels>& labels);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_LAYER_DYNAMICS_H_
