#ifndef MODBOUND_CORE_REPRESENTATION_ORTHONORMAL_ROWS_H_
#define MODBOUND_CORE_REPRESENTATION_ORTHONORMAL_ROWS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"

namespace modbound {

// Rows of a panel.
inline constexpr int64_t kOrthonormalPanel = 64;

// Makes `rows` (C x N, C <= N, finite) orthonormal, each one along what the
// rows before it leave of it; where that is no longer than `floor`, the first
// unit axes that are not yet spanned take the place. By panels of rows, each
// taken out of what is before it and made orthonormal, twice against
// cancellation (block Gram-Schmidt; Barlow & Smoktunowicz 2013). Cost: 8 C^2 N.
// Threads: over fixed blocks; result independent of their number. Errors:
// kCancelled.
absl::Status OrthonormaliseRows(double floor,
                                const Execution& execution,
                                Matrix& rows);

}  // namespace modbound

#endif  // MODBOUND_CORE_REPRESENTATION_ORTHONORMAL_ROWS_H_
