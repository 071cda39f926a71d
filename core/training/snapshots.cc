#include "core/training/snapshots.h"

#include <string>
#include <utility>

namespace modbound {

int64_t SnapshotCount(int64_t every, int64_t steps) {
  return steps / every + 1 + (steps % every != 0 ? 1 : 0);
}

template <typename Scalar>
void ReserveSnapshots(int64_t count,
                      const Parameters<Scalar>& parameters,
                      Snapshots& snapshots) {
  for (std::size_t k = 0; k < kNetworkArrays; ++k) {
    const std::size_t bytes =
        static_cast<std::size_t>(count * parameters.span(k).count) *
        sizeof(Scalar);
    std::string& array = snapshots.arrays[k];
    if (array.capacity() < bytes) {
      // A string that holds something would make room for twice of that.
      std::string room;
      room.reserve(bytes);
      room += array;
      array.swap(room);
    }
  }
}

template <typename Scalar>
void AddSnapshot(int64_t step,
                 Parameters<Scalar>& parameters,
                 Snapshots& snapshots) {
  snapshots.steps.push_back(step);
  for (std::size_t k = 0; k < kNetworkArrays; ++k) {
    const Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>
        rows = parameters.array(k);
    snapshots.arrays[k].append(
        reinterpret_cast<const char*>(rows.data()),
        static_cast<std::size_t>(rows.size()) * sizeof(Scalar));
  }
}

void RemoveLastSnapshot(Snapshots& snapshots) {
  const std::size_t count = snapshots.steps.size();
  for (std::string& array : snapshots.arrays) {
    array.resize(array.size() / count * (count - 1));
  }
  snapshots.steps.pop_back();
}

void SaveSnapshots(const Snapshots& snapshots, StateWriter& state) {
  state.Add(snapshots.steps.data(),
            static_cast<int64_t>(snapshots.steps.size()));
  for (const std::string& array : snapshots.arrays) {
    state.Add(array.data(), static_cast<int64_t>(array.size()));
  }
}

bool LoadSnapshots(int64_t count, StateReader& state, Snapshots& snapshots) {
  const auto size = static_cast<std::size_t>(count);
  Snapshots loaded;
  loaded.steps.resize(size);
  if (!state.Read(loaded.steps.data(), count)) {
    return false;
  }
  for (std::size_t k = 0; k < kNetworkArrays; ++k) {
    const std::size_t bytes =
        size * (snapshots.arrays[k].size() / snapshots.steps.size());
    loaded.arrays[k].resize(bytes);
    if (!state.Read(loaded.arrays[k].data(), static_cast<int64_t>(bytes))) {
      return false;
    }
  }
  snapshots = std::move(loaded);
  return true;
}

template void ReserveSnapshots(int64_t, const Parameters<float>&, Snapshots&);
template void ReserveSnapshots(int64_t, const Parameters<double>&, Snapshots&);
template void AddSnapshot(int64_t, Parameters<float>&, Snapshots&);
template void AddSnapshot(int64_t, Parameters<double>&, Snapshots&);

}  // namespace modbound
