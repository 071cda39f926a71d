#ifndef MODBOUND_SERVER_ANALYSES_ENSEMBLE_INPUTS_H_
#define MODBOUND_SERVER_ANALYSES_ENSEMBLE_INPUTS_H_

#include <cstdint>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/analyses/analysis.h"

// The inputs of an ensemble of networks, and those of one of them.
namespace modbound {

inline constexpr int64_t kMostNetworks = 10000;
inline constexpr char kNetworkAxis[] = "network";

struct Ensemble {
  int64_t networks = 0;           // 0 = no ensemble
  std::set<std::string> members;  // inputs with the axis `network`
};

// Which inputs have the axis `network`: those with one axis more than the most
// that their rule takes (labels of (N) or (P, N): three), unless the job that
// makes them, or the client, calls the first one something else. What a rule
// takes as it is, is taken so: its first axis is never `network`. The others
// are shared by all networks. Errors: WRONG_SHAPE for "inputs.NAME" when
// members differ in the number of networks, have none, or only some of a group
// are members; OUT_OF_RANGE above kMostNetworks.
absl::StatusOr<Ensemble> FindEnsemble(const Analysis& analysis,
                                      const InputInfos& inputs);

// What is known of the inputs of one network, any of them: members without the
// axis. Facts of a member bound those of each network's; values that are not
// finite, as those of a network that failed, are left out of them.
InputInfos InfosOfOne(const InputInfos& inputs, const Ensemble& ensemble);

// CheckInputs, of each network: FindEnsemble and then the rules of the kind.
// Errors: those of both.
absl::Status CheckInputsOfEach(const Analysis& analysis,
                               const InputInfos& inputs);

// The inputs of a network; members are copied. Where the rule's first axis is
// time, rows at the end that hold nothing but what arrays of shorter networks
// are filled up with (NaN; -1 in whole numbers, 0 in flags: StackedOutputs) are
// cut off, the same number from all inputs with that axis; none when all rows
// are such.
InputArrays ArraysOf(const Analysis& analysis,
                     const InputArrays& inputs,
                     const Ensemble& ensemble,
                     int64_t network);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_ENSEMBLE_INPUTS_H_
