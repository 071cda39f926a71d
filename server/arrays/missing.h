#ifndef MODBOUND_SERVER_ARRAYS_MISSING_H_
#define MODBOUND_SERVER_ARRAYS_MISSING_H_

#include <cstddef>
#include <cstdint>

#include "server/arrays/array.h"

// What stands for nothing in an array: NaN, -1 in whole numbers, 0 in flags and
// bytes.
namespace modbound {

// Writes `count` of them from `bytes` on.
void FillMissing(DTypeEnum dtype, int64_t count, std::byte* bytes);

// Whether the `count` elements from `bytes` on are nothing else.
bool AllMissing(DTypeEnum dtype, int64_t count, const std::byte* bytes);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ARRAYS_MISSING_H_
