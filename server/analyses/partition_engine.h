#ifndef MODBOUND_SERVER_ANALYSES_PARTITION_ENGINE_H_
#define MODBOUND_SERVER_ANALYSES_PARTITION_ENGINE_H_

#include <cstdint>

#include "modbound/v1/modules.pb.h"
#include "server/arrays/array.h"

namespace modbound {

// How the weights of N units of T values are held.
enum class PartitionEngine {
  kMatrix,         // N x N float64, computed or needed more than once
  kDoubles,        // a given N x N matrix, in its own buffer or as float64
  kFloats,         // a given N x N float32 matrix, in the buffer it came in
  kFloatProducts,  // N x N float32, computed from the units
  kFactor,         // the units alone: 12 N T bytes
};

// Largest N of which a given float32 matrix is taken to float64 where that
// keeps digits (the mean of w_ij and w_ji) or time: many runs over 128 MiB are
// faster with numbers that need no scaling, and find the same.
inline constexpr int64_t kDoublesLimit = 4096;
// Largest N of which a computed similarity is stored as float64: 2 GiB. Below
// it a stored one makes a run several times faster.
inline constexpr int64_t kProductsLimit = 16384;
// Largest N of which that of float32 units is stored as float32, 4 GiB, where
// the quality function is not linear in it: each pass over one that is not
// stored takes 2 N^2 T operations.
inline constexpr int64_t kFloatProductsLimit = 32768;

// What an engine is chosen for.
struct UnitsToHold {
  v1::Similarity::Measure similarity = v1::Similarity::UNSPECIFIED;
  v1::QualityFunction::Name quality = v1::QualityFunction::UNSPECIFIED;
  // The similarity leaves as an output, or the matrix is partitioned more than
  // once (gammas, hierarchy).
  bool wants_matrix = false;
  DTypeEnum dtype = v1::DType::UNSPECIFIED;
  // The matrix is known to be symmetric, exactly.
  bool symmetric = false;
  // It is read a few times only: by one run that is not iterated.
  bool one_run = false;
  int64_t units = -1;   // N
  int64_t values = -1;  // T, of each unit; -1 = not known yet
};

// Whether W is Z Z' (CORRELATION or COSINE), with Z of at most half as many
// numbers as W, and the quality function is one of MakeFactorProblem's.
bool CanFactor(const UnitsToHold& units);

// A rule of the spec and the inputs alone: results do not depend on the
// machine.
PartitionEngine EngineOf(const UnitsToHold& units);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_PARTITION_ENGINE_H_
