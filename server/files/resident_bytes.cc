#include "server/files/resident_bytes.h"

#include <unistd.h>

#include <fstream>

namespace modbound {

int64_t ResidentBytes() {
  int64_t all = 0;
  int64_t resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

}  // namespace modbound
