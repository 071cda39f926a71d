#ifndef MODBOUND_SERVER_STORE_WALL_TIME_H_
#define MODBOUND_SERVER_STORE_WALL_TIME_H_

#include <chrono>
#include <cstdint>

namespace modbound {

// Now, in microseconds since 1970 (UTC), as the store keeps times. The clock
// may jump.
inline int64_t WallMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace modbound

#endif  // MODBOUND_SERVER_STORE_WALL_TIME_H_
