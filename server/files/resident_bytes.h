#ifndef MODBOUND_SERVER_FILES_RESIDENT_BYTES_H_
#define MODBOUND_SERVER_FILES_RESIDENT_BYTES_H_

#include <cstdint>

namespace modbound {

// Bytes of this process in memory, from the second number of /proc/self/statm;
// 0 when it does not tell.
int64_t ResidentBytes();

}  // namespace modbound

#endif  // MODBOUND_SERVER_FILES_RESIDENT_BYTES_H_
