#ifndef MODBOUND_CORE_TRAINING_WHOLE_LINES_H_
#define MODBOUND_CORE_TRAINING_WHOLE_LINES_H_

#include <cstdint>

namespace modbound {

// `size` numbers filled up to whole cache lines of 64 bytes, so that what
// follows begins with one.
template <typename Scalar>
constexpr int64_t WholeLines(int64_t size) {
  constexpr auto kLine = static_cast<int64_t>(64 / sizeof(Scalar));
  return (size + kLine - 1) / kLine * kLine;
}

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_WHOLE_LINES_H_
