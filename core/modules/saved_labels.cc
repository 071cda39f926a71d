#include "core/modules/saved_labels.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace modbound {
namespace {

template <typename T>
void SaveAs(const Labels& labels, StateWriter& state) {
  const std::vector<T> narrow(labels.begin(), labels.end());
  state.AddInt(sizeof(T));
  state.Add(narrow.data(), static_cast<int64_t>(narrow.size()));
}

template <typename T>
bool LoadAs(int64_t n, StateReader& state, Labels& labels) {
  std::vector<T> narrow(static_cast<std::size_t>(n));
  const bool held = state.Read(narrow.data(), n);
  labels.assign(narrow.begin(), narrow.end());
  return held && std::all_of(labels.begin(), labels.end(), [n](int32_t label) {
           return label >= -1 && label < n;
         });
}

template <typename T>
bool Fits(int32_t largest) {
  return largest <= std::numeric_limits<T>::max();
}

}  // namespace

void SaveLabels(const Labels& labels, StateWriter& state) {
  const int32_t largest =
      labels.empty() ? 0 : *std::max_element(labels.begin(), labels.end());
  if (Fits<int8_t>(largest)) {
    SaveAs<int8_t>(labels, state);
  } else if (Fits<int16_t>(largest)) {
    SaveAs<int16_t>(labels, state);
  } else {
    SaveAs<int32_t>(labels, state);
  }
}

bool LoadLabels(int64_t n, StateReader& state, Labels& labels) {
  int64_t width = 0;
  if (!state.ReadInt(width)) {
    return false;
  }
  switch (width) {
    case sizeof(int8_t):
      return LoadAs<int8_t>(n, state, labels);
    case sizeof(int16_t):
      return LoadAs<int16_t>(n, state, labels);
    case sizeof(int32_t):
      return LoadAs<int32_t>(n, state, labels);
    default:
      return false;
  }
}

}  // namespace modbound
