#ifndef MODBOUND_SERVER_ANALYSES_STACKED_OUTPUTS_H_
#define MODBOUND_SERVER_ANALYSES_STACKED_OUTPUTS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/base/saved_state.h"
#include "server/analyses/analysis.h"
#include "server/arrays/array.h"

namespace modbound {

// The outputs of an ensemble while its networks come in. An output whose shape
// is planned is one array from the start, and each network's is copied to its
// place; the others are kept until all are there, and then filled up to the
// longest: with NaN, -1 in whole numbers, 0 in flags. So is the place of a
// network that failed, and of fewer steps than planned (axes named "step").
// Threads: safe from all, one for each network.
class StackedOutputs {
 public:
  // Of one network.
  StackedOutputs(const std::vector<PlannedOutput>& planned, int64_t networks);

  // Takes the outputs of a network. Errors: kInternal when they are not those
  // of the plan.
  absl::Status Set(int64_t network, std::map<std::string, HostArray> outputs);
  // Fills the place of a network that failed.
  void SetMissing(int64_t network);

  // The outputs of a network as bytes and back; false when `state` does not
  // hold them.
  void Save(int64_t network, StateWriter& state) const;
  bool Load(int64_t network, StateReader& state);

  // All of them, with the leading axis `network`.
  std::map<std::string, HostArray> Take() &&;

 private:
  struct Output {
    PlannedOutput planned;
    HostArray stacked;            // of a planned shape
    std::vector<HostArray> each;  // otherwise
  };

  absl::Status SetOne(Output& output, int64_t network, HostArray array) const;

  int64_t networks_;
  std::vector<Output> outputs_;
};

// The output of an ensemble of this many networks.
PlannedOutput StackedOutput(const PlannedOutput& output, int64_t networks);

// Bytes that StackedOutputs holds for it at the most: extents not known before
// the run count as most_extent.
double StackedBytes(const PlannedOutput& output, int64_t networks);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_STACKED_OUTPUTS_H_
