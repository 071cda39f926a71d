#ifndef MODBOUND_TESTS_SUPPORT_RANDOM_MATRIX_H_
#define MODBOUND_TESTS_SUPPORT_RANDOM_MATRIX_H_

#include <cstdint>

#include "core/base/matrix.h"
#include "core/base/random.h"

namespace modbound {

// (rows, cols) of independent standard normal values; another seed, others.
inline Matrix RandomMatrix(int64_t rows, int64_t cols, uint64_t seed) {
  RandomStream random(seed, RandomPurpose::kSimulationTrials, 0);
  Matrix values(rows, cols);
  for (double& value : values.reshaped()) {
    value = random.Normal();
  }
  return values;
}

}  // namespace modbound

#endif  // MODBOUND_TESTS_SUPPORT_RANDOM_MATRIX_H_
