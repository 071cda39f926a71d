#include "core/base/random.h"

#include <algorithm>

#include "core/base/check.h"

namespace modbound {

inline r123::Philox4x32::ctr_type RandomStream::Block(uint32_t position) const {
  return r123::Philox4x32()({{position,
                              purpose_,
                              static_cast<uint32_t>(index_),
                              static_cast<uint32_t>(index_ >> 32)}},
                            key_);
}

// 2^32 blocks a stream: far beyond any use, and checked rather than wrapped.
uint32_t RandomStream::TakeBlocks(uint32_t count) {
  MODBOUND_CHECK(position_ <= UINT32_MAX - count);
  return std::exchange(position_, position_ + count);
}

void RandomStream::Refill() {
  block_ = Block(TakeBlocks(1));
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

void RandomStream::Normals(int64_t count, double* values) {
  auto left = static_cast<std::size_t>(count);
  while (left > 0) {
    if (used_normals_ == normals_.size()) {
      RefillNormals();
    }
    const std::size_t taken = std::min(left, normals_.size() - used_normals_);
    values = std::copy_n(normals_.data() + used_normals_, taken, values);
    used_normals_ += taken;
    left -= taken;
  }
}

void RandomStream::RefillNormals() {
  constexpr auto kBlocks = static_cast<uint32_t>(kNormalPairs / 2);
  const uint32_t first = TakeBlocks(kBlocks);
  std::array<double, kNormalPairs> u;
  std::array<double, kNormalPairs> v;
  for (std::size_t b = 0; b < kBlocks; ++b) {
    const r123::Philox4x32::ctr_type block =
        Block(first + static_cast<uint32_t>(b));
    for (std::size_t pair = 0; pair < 2; ++pair) {
      u[2 * b + pair] = (block[2 * pair] + 0.5) * 0x1p-32;
      v[2 * b + pair] = block[2 * pair + 1] * 0x1p-32;
    }
  }
  MakeNormalPairs(u, v, normals_);
  used_normals_ = 0;
}

}  // namespace modbound
