#ifndef MODBOUND_CORE_TRAINING_SNAPSHOTS_H_
#define MODBOUND_CORE_TRAINING_SNAPSHOTS_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/saved_state.h"
#include "core/training/parameters.h"

namespace modbound {

// A network while it was trained: at steps 0, every, 2 every, ... and the last.
struct Snapshots {
  std::vector<int64_t> steps;
  // Of each array the snapshots one after another, row by row: bytes of numbers
  // in the precision of training, which a result has no second copy of.
  std::array<std::string, kNetworkArrays> arrays;
};

// How many they are after `steps` steps; `every` >= 1.
int64_t SnapshotCount(int64_t every, int64_t steps);

// Makes room for `count` of them, so that adding does not move them.
template <typename Scalar>
void ReserveSnapshots(int64_t count,
                      const Parameters<Scalar>& parameters,
                      Snapshots& snapshots);

// Adds the network after `step` steps.
template <typename Scalar>
void AddSnapshot(int64_t step,
                 Parameters<Scalar>& parameters,
                 Snapshots& snapshots);

// There must be one.
void RemoveLastSnapshot(Snapshots& snapshots);

// Those so far, for a checkpoint. Load: false, and nothing changed, when
// `state` does not hold `count` of them as large as the first one, which
// `snapshots` has.
void SaveSnapshots(const Snapshots& snapshots, StateWriter& state);
bool LoadSnapshots(int64_t count, StateReader& state, Snapshots& snapshots);

extern template void ReserveSnapshots(int64_t,
                                      const Parameters<float>&,
                                      Snapshots&);
extern template void ReserveSnapshots(int64_t,
                                      const Parameters<double>&,
                                      Snapshots&);
extern template void AddSnapshot(int64_t, Parameters<float>&, Snapshots&);
extern template void AddSnapshot(int64_t, Parameters<double>&, Snapshots&);

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_SNAPSHOTS_H_
