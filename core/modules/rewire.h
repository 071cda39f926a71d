#ifndef MODBOUND_CORE_MODULES_REWIRE_H_
#define MODBOUND_CORE_MODULES_REWIRE_H_

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/base/random.h"

namespace modbound {

struct RewiredNetwork {
  Matrix weights;  // exactly symmetric
  // Pearson correlation over nodes of their strengths k+ (k-) with those of the
  // given network; NaN where either never varies.
  double positive_strength_r = 0;
  double negative_strength_r = 0;
};

// A random network that keeps each node's number of positive and of negative
// links and all weights exactly, and each node's k+ and k- approximately
// (Rubinov & Sporns 2011, appendix; null_model_und_sign of the Brain
// Connectivity Toolbox):
// 1. Signs. Two links a-b, c-d of one sign s, where a-d and c-b have one other
//    sign (or are no links), exchange: a-d, c-b get s, a-b, c-d what those had.
//    Twenty random pairs are tried a link. This also mixes networks without a
//    pair that is not linked: there signs alone move.
// 2. Weights, positive and negative ones apart. Links that have none yet are
//    ranked by S_i S_j, S what a node's strength still lacks; random ones of
//    them get the weight of their rank among those left, a hundredth of all at
//    a time.
// weights: N x N symmetric, finite; the diagonal stays as it is, outside of all
// this. N < 4: no sign moves. Cost: about 100 sorts of N^2 / 2 numbers. Errors:
// kCancelled.
absl::StatusOr<RewiredNetwork> RewireSigned(const Matrix& weights,
                                            RandomStream random,
                                            const Execution& execution);

// Estimate of the memory that one call works in, with its result.
double RewireBytes(int64_t n);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_REWIRE_H_
