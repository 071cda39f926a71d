#include "core/base/random.h"

#include <cmath>
#include <numbers>

#include "core/base/check.h"

namespace modbound {

void RandomStream::Refill() {
  // 2^32 blocks a stream: far beyond any use, and checked rather than wrapped.
  MODBOUND_CHECK(position_ != UINT32_MAX);
  const r123::Philox4x32::ctr_type counter = {
      {position_,
       purpose_,
       static_cast<uint32_t>(index_),
       static_cast<uint32_t>(index_ >> 32)}};
  block_ = r123::Philox4x32()(counter, key_);
  ++position_;
  used_ = 0;
}

uint64_t RandomStream::Index(uint64_t count) {
  MODBOUND_DCHECK(count >= 1);
  auto product = static_cast<unsigned __int128>(Bits()) * count;
  if (static_cast<uint64_t>(product) < count) {
    const uint64_t threshold = (0 - count) % count;
    while (static_cast<uint64_t>(product) < threshold) {
      product = static_cast<unsigned __int128>(Bits()) * count;
    }
  }
  return static_cast<uint64_t>(product >> 64);
}

double RandomStream::Normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_normal_;
  }
  const double radius = std::sqrt(-2.0 * std::log1p(-Uniform()));
  const double angle = 2.0 * std::numbers::pi * Uniform();
  spare_normal_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

}  // namespace modbound
