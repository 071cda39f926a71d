#include "server/analyses/network_inputs.h"

#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace modbound {
namespace {

// w_rec first: its job is the one that trained the dynamics.
constexpr std::array<const char*, 6> kNames = {
    "w_rec", "w_in", "b_in", "b_rec", "w_out", "b_out"};

bool SameDynamics(const v1::Model& a, const v1::Model& b) {
  return a.activation() == b.activation() && a.update() == b.update() &&
         a.dt() == b.dt() && a.tau() == b.tau();
}

absl::Status Contradiction(const char* field,
                           const std::string& value,
                           const std::string& trained) {
  return Refuse(reason::kContradiction,
                field,
                absl::StrCat(field,
                             " is ",
                             value,
                             "; the job that trained the network has ",
                             trained));
}

// Refuses what is set in `model` and not as it was trained.
absl::Status CheckAgrees(const v1::Model& model, const v1::Model& trained) {
  if (model.has_activation() && model.activation() != trained.activation()) {
    return Contradiction("activation",
                         v1::Activation::Function_Name(model.activation()),
                         v1::Activation::Function_Name(trained.activation()));
  }
  if (model.has_update() && model.update() != trained.update()) {
    return Contradiction("update",
                         v1::Update::Rule_Name(model.update()),
                         v1::Update::Rule_Name(trained.update()));
  }
  if (model.has_dt() && model.dt() != trained.dt()) {
    return Contradiction(
        "dt", absl::StrCat(model.dt()), absl::StrCat(trained.dt()));
  }
  if (model.has_tau() && model.tau() != trained.tau()) {
    return Contradiction(
        "tau", absl::StrCat(model.tau()), absl::StrCat(trained.tau()));
  }
  return absl::OkStatus();
}

int64_t ExtentOf(const InputInfos& inputs, const char* name, std::size_t axis) {
  const auto info = inputs.find(name);
  return info == inputs.end() || info->second.shape.size() <= axis
             ? -1
             : info->second.shape[axis];
}

}  // namespace

Activation ActivationOf(v1::Activation::Function function) {
  switch (function) {
    case v1::Activation::TANH:
      return Activation::kTanh;
    case v1::Activation::SIGMOID:
      return Activation::kSigmoid;
    case v1::Activation::SOFTPLUS:
      return Activation::kSoftplus;
    case v1::Activation::LINEAR:
      return Activation::kLinear;
    default:
      return Activation::kRelu;
  }
}

std::vector<InputRule> NetworkInputRules() {
  const auto rule =
      [](const char* name, std::vector<std::string> axes, const char* comment) {
        InputRule input;
        input.name = name;
        input.axes = std::move(axes);
        input.comment = comment;
        input.group = "network";
        return input;
      };
  return {
      rule("w_in", {"N", "I"}, "Input weights [unit, channel]."),
      rule("b_in", {"N"}, "Bias of the input projection."),
      rule("w_rec", {"N", "N"}, "Recurrent weights [target, source]."),
      rule("b_rec", {"N"}, "Bias of the recurrent projection."),
      rule("w_out", {"O", "N"}, "Readout weights [output, unit]."),
      rule("b_out", {"O"}, "Readout bias."),
  };
}

int64_t NetworkShape::bytes() const {
  if (units < 0 || inputs < 0 || outputs < 0) {
    return 0;
  }
  return 8 * (units * (inputs + units + outputs + 2) + outputs);
}

NetworkShape NetworkShapeOf(const InputInfos& inputs) {
  NetworkShape shape;
  shape.units = ExtentOf(inputs, "w_rec", 0);
  shape.inputs = ExtentOf(inputs, "w_in", 1);
  shape.outputs = ExtentOf(inputs, "w_out", 0);
  return shape;
}

absl::StatusOr<const v1::TrainSpec*> TrainSpecOf(const InputInfos& inputs) {
  const v1::TrainSpec* found = nullptr;
  for (const char* name : kNames) {
    const auto info = inputs.find(name);
    if (info == inputs.end() || info->second.producer == nullptr ||
        !info->second.producer->has_train()) {
      continue;
    }
    const v1::TrainSpec& spec = info->second.producer->train();
    if (found == nullptr) {
      found = &spec;
    } else if (!SameDynamics(found->model(), spec.model())) {
      return Refuse(reason::kContradiction,
                    absl::StrCat("inputs.", name),
                    absl::StrCat("inputs.",
                                 name,
                                 " comes from a train job whose activation, "
                                 "update, dt or tau differ from those of the "
                                 "job that made the other arrays"));
    }
  }
  return found;
}

absl::Status ResolveDynamics(const InputInfos& inputs, v1::Model& dynamics) {
  MODBOUND_ASSIGN_OR_RETURN(const v1::TrainSpec* train, TrainSpecOf(inputs));
  v1::Model defaults;
  if (train != nullptr) {
    defaults = train->model();
    MODBOUND_RETURN_IF_ERROR(CheckAgrees(dynamics, defaults));
  } else {
    defaults.set_activation(v1::Activation::RELU);
    defaults.set_update(v1::Update::LEAK_OUTSIDE);
    defaults.set_dt(100);
    defaults.set_tau(100);
  }
  defaults.MergeFrom(dynamics);
  dynamics = defaults;
  return absl::OkStatus();
}

Dynamics DynamicsOf(const v1::Model& model) {
  Dynamics dynamics;
  dynamics.activation = ActivationOf(model.activation());
  dynamics.update = model.update() == v1::Update::LEAK_INSIDE
                        ? Update::kLeakInside
                        : Update::kLeakOutside;
  dynamics.dt_ms = model.dt();
  dynamics.tau_ms = model.tau();
  return dynamics;
}

absl::StatusOr<Network> NetworkOf(const InputArrays& inputs,
                                  const Dynamics& dynamics) {
  Network network;
  network.w_in = inputs.at("w_in").ToMatrix();
  network.b_in = inputs.at("b_in").ToVector();
  network.w_rec = inputs.at("w_rec").ToMatrix();
  network.b_rec = inputs.at("b_rec").ToVector();
  network.w_out = inputs.at("w_out").ToMatrix();
  network.b_out = inputs.at("b_out").ToVector();
  network.dynamics = dynamics;
  MODBOUND_RETURN_IF_ERROR(network.Validate());
  return network;
}

}  // namespace modbound
