#ifndef MODBOUND_CORE_TRAINING_REGULARIZATION_H_
#define MODBOUND_CORE_TRAINING_REGULARIZATION_H_

#include "core/base/matrix.h"

namespace modbound {

// What is added to the loss, from the states of a batch:
//   l1 mean |r| + l2 mean r^2,
// means over its steps, streams and units, of the state after each step.
struct RatePenalty {
  double l1 = 0;  // >= 0
  double l2 = 0;  // >= 0

  bool any() const { return l1 > 0 || l2 > 0; }
};

// What is added to the loss:
//   l2/2 sum w^2           over w_in, w_rec, w_out, not the biases: gradient
//                          l2 w
//   the rates'             see RatePenalty
//   connection_cost sum_ij |W_rec,ij|
//   spatial_cost sum_ij |W_rec,ij| d_ij
// with d the distance of the units (Achterberg et al. 2023, without their
// communicability). d|x|/dx = 0 at 0. Every coefficient >= 0, 0 = off.
struct Regularization {
  double l2 = 0;
  RatePenalty rates;
  double connection_cost = 0;
  double spatial_cost = 0;
  // d for spatial_cost, N x N, finite, >= 0, as it is: neither symmetry nor a
  // diagonal of 0 is needed. 0 x 0: Euclidean, of `positions`.
  Matrix distances;
  // Where the units are, N x 3, finite. 0 x 0: see GridPositions.
  Matrix positions;

  bool of_weights() const {
    return l2 > 0 || connection_cost > 0 || spatial_cost > 0;
  }
  bool any() const { return of_weights() || rates.any(); }
};

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_REGULARIZATION_H_
