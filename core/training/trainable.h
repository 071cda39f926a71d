#ifndef MODBOUND_CORE_TRAINING_TRAINABLE_H_
#define MODBOUND_CORE_TRAINING_TRAINABLE_H_

#include <array>
#include <cstdint>
#include <vector>

#include "core/training/optimizer.h"
#include "core/training/parameters.h"

namespace modbound {

// Which numbers of a network training may change: not those of frozen arrays,
// and not the weights whose mask is 0, which stay 0.
template <typename Scalar>
class Trainable {
 public:
  // frozen: arrays that stay as they began. Each mask: 0 x 0, or 0 and 1 in the
  // shape of its array in `shape`.
  Trainable(const NetworkArrays& masks,
            const ArraySet& frozen,
            const Parameters<Scalar>& shape);

  // The numbers that an optimiser steps over: all but the frozen arrays.
  const std::vector<Span>& spans() const { return spans_; }

  // Weights whose mask is 0 become 0.
  void Mask(Parameters<Scalar>& parameters) const;

  // gradient = 0 of all that may not change.
  void Restrict(Parameters<Scalar>& gradient) const;

 private:
  struct ArrayMask {
    std::size_t array;
    std::vector<uint8_t> kept;  // in the order of the array in memory
  };

  std::vector<ArrayMask> masks_;
  std::vector<std::size_t> frozen_;
  std::vector<Span> spans_;
};

extern template class Trainable<float>;
extern template class Trainable<double>;

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_TRAINABLE_H_
