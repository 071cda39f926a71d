#ifndef MODBOUND_SERVER_ARRAYS_FACT_SCAN_H_
#define MODBOUND_SERVER_ARRAYS_FACT_SCAN_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "core/base/execution.h"
#include "modbound/v1/artifact.pb.h"
#include "server/arrays/array.h"

namespace modbound {

// Copies bytes [offset, offset + count) of an array to `out`.
using ReadBytes =
    std::function<absl::Status(int64_t offset, int64_t count, std::byte* out)>;

// Two axes of one extent: the only shape that a fact depends on.
bool IsSquare(const std::vector<int64_t>& shape);

// Facts of an array that need not be in memory: its values come in pieces, its
// asymmetry from pairs of tiles. Of several pairs with the largest |a_ij -
// a_ji| the first in row-major order is named. Memory: 16 MiB for the asymmetry
// of an array that is read. Threads: one at a time.
class FactScan {
 public:
  FactScan(DTypeEnum dtype, const std::vector<int64_t>& shape);

  // The next elements in row-major order. `count`: bytes, of whole elements;
  // `bytes` aligned for them.
  void Add(const std::byte* bytes, int64_t count);

  // The asymmetry, when the shape is square; call once. Errors: kCancelled soon
  // after `stop` was set (null = never), those of `read`.
  absl::Status CompareMirrored(const std::byte* array, const StopFlag* stop);
  absl::Status CompareMirrored(const ReadBytes& read, const StopFlag* stop);

  v1::ArrayFacts facts() const;

  // What the values so far have in common; those that are not finite count for
  // first_not_finite alone.
  struct Values {
    double min = std::numeric_limits<double>::infinity();
    double max = -std::numeric_limits<double>::infinity();
    bool binary = true;
    bool whole = true;
    int64_t first_not_finite = -1;
  };
  // The pair with the largest difference so far.
  struct Pair {
    double difference = 0;
    int64_t row = -1;
    int64_t column = -1;
  };

 private:
  const DTypeEnum dtype_;
  // Rows of a square matrix; 0 for any other shape.
  const int64_t square_;
  int64_t seen_ = 0;
  Values values_;
  Pair worst_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_ARRAYS_FACT_SCAN_H_
