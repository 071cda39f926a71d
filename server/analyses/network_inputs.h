#ifndef MODBOUND_SERVER_ANALYSES_NETWORK_INPUTS_H_
#define MODBOUND_SERVER_ANALYSES_NETWORK_INPUTS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/network/network.h"
#include "modbound/v1/network.pb.h"
#include "modbound/v1/train.pb.h"
#include "server/analyses/analysis.h"

// What every kind with a network shares: the input group "network" and the flat
// spec fields activation, update, dt, tau.
namespace modbound {

// Rules of w_in (N,I), b_in (N), w_rec (N,N), b_rec (N), w_out (O,N), b_out
// (O), group "network". Axes are lettered N, I, O.
std::vector<InputRule> NetworkInputRules();

// Extents of the network's arrays; -1 = not known yet.
struct NetworkShape {
  int64_t units = -1;
  int64_t inputs = -1;
  int64_t outputs = -1;
  // Bytes of its arrays as doubles; 0 while something is not known.
  int64_t bytes() const;
};
NetworkShape NetworkShapeOf(const InputInfos& inputs);

// Spec of the train job that makes the network's arrays; null when none does or
// it is not known (uploads, and during the run). Errors: CONTRADICTION for
// "inputs.NAME" when two arrays come from train jobs with other models.
absl::StatusOr<const v1::TrainSpec*> TrainSpecOf(const InputInfos& inputs);

// Fills `dynamics` with what the model leaves unset. Errors: CONTRADICTION for
// "activation", "update", "dt" or "tau" when a written value is not that of the
// train job that made the network.
absl::Status ResolveDynamics(const InputInfos& inputs, v1::Model& dynamics);

// The core's word for an activation function.
Activation ActivationOf(v1::Activation::Function function);

Dynamics DynamicsOf(const v1::Model& model);

// The same for a spec with the four flat fields, filled in place. Errors: those
// above; those of Dynamics::Validate.
template <typename SpecT>
absl::Status ResolveDynamics(const InputInfos& inputs, SpecT& spec);

// Dynamics of a resolved spec (or Model).
template <typename SpecT>
Dynamics DynamicsOf(const SpecT& spec);

// The network of a resolved spec, as doubles. Errors: those of
// Network::Validate.
absl::StatusOr<Network> NetworkOf(const InputArrays& inputs,
                                  const Dynamics& dynamics);

// ---- Implementation of the templates.

namespace internal {

// The four flat fields of a spec, as a v1::Model without hidden_size.
template <typename SpecT>
v1::Model FlatModel(const SpecT& spec) {
  v1::Model model;
  if (spec.has_activation()) {
    model.set_activation(spec.activation());
  }
  if (spec.has_update()) {
    model.set_update(spec.update());
  }
  if (spec.has_dt()) {
    model.set_dt(spec.dt());
  }
  if (spec.has_tau()) {
    model.set_tau(spec.tau());
  }
  return model;
}

}  // namespace internal

template <typename SpecT>
absl::Status ResolveDynamics(const InputInfos& inputs, SpecT& spec) {
  v1::Model model = internal::FlatModel(spec);
  if (absl::Status status = ResolveDynamics(inputs, model); !status.ok()) {
    return status;
  }
  spec.set_activation(model.activation());
  spec.set_update(model.update());
  spec.set_dt(model.dt());
  spec.set_tau(model.tau());
  return DynamicsOf(model).Validate();
}

template <typename SpecT>
Dynamics DynamicsOf(const SpecT& spec) {
  return DynamicsOf(internal::FlatModel(spec));
}

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_NETWORK_INPUTS_H_
