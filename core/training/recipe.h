#ifndef MODBOUND_CORE_TRAINING_RECIPE_H_
#define MODBOUND_CORE_TRAINING_RECIPE_H_

#include <cstdint>
#include <limits>

#include "core/network/network.h"

namespace modbound {

// How a network is trained beyond the written options.
// kReference: the public tutorial's: Adam with learning rate .01, no clipping,
// weights and biases U(-1/sqrt(fan_in), 1/sqrt(fan_in)).
// kDefault: learning rate .002, gradient clipped to norm 1, b_in = 0 and b_rec
// = .25 at the start; weights and b_out as under kReference.
enum class Recipe { kDefault, kReference };

struct RecipeSettings {
  double learning_rate = 0.01;
  double clip_norm = std::numeric_limits<double>::infinity();
};
RecipeSettings SettingsOf(Recipe recipe);

// Initial arrays that networks of an ensemble share: drawn from the streams of
// `seed` instead of the network's own.
struct SharedInitial {
  uint64_t seed = 0;
  ArraySet arrays{};
};

// Initial network of a recipe. fan_in is I for w_in and b_in, N for the others
// (those of torch.nn.Linear). Random: array k of w_in, b_in, w_rec, b_rec,
// w_out, b_out from (seed, kInitialWeights, k), row by row.
Network InitialNetwork(Recipe recipe,
                       int64_t units,
                       int64_t inputs,
                       int64_t outputs,
                       const Dynamics& dynamics,
                       uint64_t seed,
                       const SharedInitial& shared = {});

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_RECIPE_H_
