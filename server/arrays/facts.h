#ifndef MODBOUND_SERVER_ARRAYS_FACTS_H_
#define MODBOUND_SERVER_ARRAYS_FACTS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "modbound/v1/artifact.pb.h"
#include "server/arrays/array.h"

namespace modbound {

// Scans an array once: see v1::ArrayFacts; one that is not in memory:
// fact_scan.h. Cost: one pass, and for a square matrix a second one over pairs
// in tiles.
v1::ArrayFacts ScanFacts(const HostArray& array);
// The same; kCancelled soon after `stop` was set. null = cannot be stopped.
absl::StatusOr<v1::ArrayFacts> ScanFacts(const HostArray& array,
                                         const StopFlag* stop);

// NOT_FINITE for `field` unless every value is finite.
absl::Status RequireFinite(const v1::ArrayFacts& facts,
                           const std::string& field);
// NOT_SYMMETRIC for `field` when some |a_ij - a_ji| > 64 eps(dtype) max|a|;
// names the pair.
absl::Status RequireSymmetric(const v1::ArrayFacts& facts,
                              DTypeEnum dtype,
                              const std::string& field);
// BAD_LABELS for `field` unless every value is a whole number in [-1,
// 1,000,000).
absl::Status RequireLabels(const v1::ArrayFacts& facts,
                           const std::string& field);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ARRAYS_FACTS_H_
