#include "server/executors/peak_rss.h"

#include <fstream>
#include <string>

namespace modbound {

std::optional<int64_t> PeakRssBytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  int64_t kibibytes = 0;
  while (status >> word) {
    if (word == "VmHWM:" && status >> kibibytes) {
      return kibibytes << 10;
    }
  }
  return std::nullopt;
}

}  // namespace modbound
