#ifndef MODBOUND_SERVER_ANALYSES_SQUARE_OUTPUTS_H_
#define MODBOUND_SERVER_ANALYSES_SQUARE_OUTPUTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/repeated_field.h"

namespace modbound {

using OutputNames = google::protobuf::RepeatedPtrField<std::string>;

// Largest N whose N x N outputs are made without being asked for.
inline constexpr int64_t kSquareOutputLimit = 4096;

// Whether the N x N output `name` is made: N is small enough, or the spec's
// outputs[] names it. An N not known yet (-1) counts as small.
bool MakesSquareOutput(int64_t N,
                       const OutputNames& wanted,
                       const std::string& name);

// OUT_OF_RANGE for "outputs" when it names something else than `square`, the
// kind's N x N outputs.
absl::Status CheckOutputNames(const OutputNames& wanted,
                              const std::vector<std::string>& square);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_SQUARE_OUTPUTS_H_
