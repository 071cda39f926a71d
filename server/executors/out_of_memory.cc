#include "server/executors/out_of_memory.h"

#include <fstream>
#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace modbound {
namespace {

constexpr std::string_view kVersion2 = "0::";
constexpr char kKills[] = "oom_kill";

std::optional<int64_t> ReadKills(const std::string& path) {
  std::ifstream file(path);
  std::string name;
  int64_t count = 0;
  while (file >> name >> count) {
    if (name == kKills) {
      return count;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string OutOfMemoryCountFile(const std::string& groups_of_process,
                                 const std::string& groups,
                                 const std::string& machine) {
  std::ifstream file(groups_of_process);
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind(kVersion2, 0) == 0) {
      std::string events =
          absl::StrCat(groups, line.substr(kVersion2.size()), "/memory.events");
      // None in the root group, nor where memory is not counted.
      return ReadKills(events).has_value() ? events : machine;
    }
  }
  return machine;
}

int64_t OutOfMemoryKills(const std::string& path) {
  return ReadKills(path).value_or(0);
}

}  // namespace modbound
