#include "core/training/trainable.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace modbound {

template <typename Scalar>
Trainable<Scalar>::Trainable(const NetworkArrays& masks,
                             const ArraySet& frozen,
                             const Parameters<Scalar>& shape) {
  for (std::size_t k = 0; k < kNetworkArrays; ++k) {
    if (frozen[k]) {
      frozen_.push_back(k);
    }
    if (masks[k].size() == 0) {
      continue;
    }
    MODBOUND_DCHECK(masks[k].size() == shape.span(k).count);
    ArrayMask mask;
    mask.array = k;
    mask.kept.reserve(static_cast<std::size_t>(masks[k].size()));
    for (int64_t j = 0; j < masks[k].cols(); ++j) {
      for (int64_t i = 0; i < masks[k].rows(); ++i) {
        mask.kept.push_back(masks[k](i, j) != 0 ? 1 : 0);
      }
    }
    masks_.push_back(std::move(mask));
  }
  int64_t first = 0;
  for (const std::size_t k : frozen_) {
    const Span span = shape.span(k);
    if (span.first > first) {
      spans_.push_back({first, span.first - first});
    }
    first = span.first + span.count;
  }
  if (first < shape.size()) {
    spans_.push_back({first, shape.size() - first});
  }
}

template <typename Scalar>
void Trainable<Scalar>::Mask(Parameters<Scalar>& parameters) const {
  for (const ArrayMask& mask : masks_) {
    // Chosen, not multiplied: what is not finite, or -0, would stay so.
    Scalar* const array = parameters.array(mask.array).data();
    for (std::size_t i = 0; i < mask.kept.size(); ++i) {
      array[i] = mask.kept[i] != 0 ? array[i] : Scalar(0);
    }
  }
}

template <typename Scalar>
void Trainable<Scalar>::Restrict(Parameters<Scalar>& gradient) const {
  for (const std::size_t k : frozen_) {
    gradient.array(k).setZero();
  }
  Mask(gradient);
}

template class Trainable<float>;
template class Trainable<double>;

}  // namespace modbound
