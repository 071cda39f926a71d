#ifndef MODBOUND_CORE_BASE_RANDOM_H_
#define MODBOUND_CORE_BASE_RANDOM_H_

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "Random123/philox.h"
#include "core/base/normal_pairs.h"

namespace modbound {

// What a random stream is for: one number a purpose, so that two purposes never
// share numbers. Append only: changing a number changes results.
enum class RandomPurpose : uint32_t {
  kInitialWeights = 1,
  kTrainingTrials = 2,
  kEvaluationTrials = 3,
  kSimulationTrials = 4,
  kOptimiserRun = 5,
  kConsensusRun = 6,
  kLabelPermutation = 7,
  kMatrixPermutation = 8,
  kControlUnits = 9,
  kLesionTrials = 10,
  kJacobianTrials = 11,
  kSamplePermutation = 12,
  kShardSeed = 20,
  kSilencedNoise = 30,
  kClassifierWeights = 31,
  kClassifierOrder = 32,
  kDigitSets = 33,
  kVariogramNodes = 40,
  kVariogramSurrogate = 41,
  kRewiredNetwork = 42,
  kSubmoduleSeed = 43,
};

// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011) keyed by
// (seed), with the counter made of (purpose, index, position). Equal (seed,
// purpose, index) give equal numbers on every machine; streams of different
// index are independent, so work item i draws from stream i whatever thread
// runs it. Our own transforms, never std:: ones, whose results differ between
// libraries; the last bits of Normal() belong to a build's instruction set.
class RandomStream {
 public:
  RandomStream(uint64_t seed, RandomPurpose purpose, uint64_t index)
      : key_{{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)}},
        purpose_(static_cast<uint32_t>(purpose)),
        index_(index) {}

  // 64 random bits.
  uint64_t Bits() {
    if (used_ == 2) {
      Refill();
    }
    const uint64_t low = block_[2 * used_];
    const uint64_t high = block_[2 * used_ + 1];
    ++used_;
    return high << 32 | low;
  }
  // Uniform in [0, 1): the top 53 bits.
  double Uniform() { return static_cast<double>(Bits() >> 11) * 0x1.0p-53; }
  // Uniform in [low, high).
  double Uniform(double low, double high) {
    return low + (high - low) * Uniform();
  }
  // Uniform in {0, ..., count - 1} without bias (Lemire 2019). count >= 1.
  uint64_t Index(uint64_t count);
  // Standard normal: MakeNormalPairs of u and v of 32 bits each, so at most 6.8
  // in magnitude. They come in sixteens of four blocks of their own.
  double Normal() {
    if (used_normals_ == normals_.size()) {
      RefillNormals();
    }
    return normals_[used_normals_++];
  }
  // What `count` calls of Normal() return, for less.
  void Normals(int64_t count, double* values);
  // Uniform random order (Fisher & Yates).
  template <typename T>
  void Shuffle(std::vector<T>& values) {
    for (uint64_t i = values.size(); i > 1; --i) {
      std::swap(values[i - 1], values[Index(i)]);
    }
  }

 private:
  r123::Philox4x32::ctr_type Block(uint32_t position) const;
  // The position of the first of `count` blocks that nobody else takes.
  uint32_t TakeBlocks(uint32_t count);
  void Refill();
  void RefillNormals();

  r123::Philox4x32::key_type key_;
  uint32_t purpose_;
  uint64_t index_;
  uint32_t position_ = 0;
  r123::Philox4x32::ctr_type block_{};
  std::size_t used_ = 2;
  // Set by RefillNormals: most streams have no use for them.
  std::array<double, 2 * kNormalPairs> normals_;
  std::size_t used_normals_ = 2 * kNormalPairs;
};

}  // namespace modbound

#endif  // MODBOUND_CORE_BASE_RANDOM_H_
