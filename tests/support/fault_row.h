#ifndef MODBOUND_TESTS_SUPPORT_FAULT_ROW_H_
#define MODBOUND_TESTS_SUPPORT_FAULT_ROW_H_

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

// The table that deploy/test.sh --faults prints (tests/faults/table.py).
namespace modbound {

// True under --faults=long: figures of the long form are asked.
inline bool LongFaults() {
  const char* form = std::getenv("MODBOUND_FAULTS");
  return form != nullptr && std::string_view(form) == "long";
}

// Says what a fault test measured, once it has passed. `number`: its row of
// tests/faults/table.py; `figure`: one line. Nothing without a table.
inline void FaultRow(int number, std::string_view figure) {
  if (const char* path = std::getenv("MODBOUND_FAULT_ROWS")) {
    std::ofstream(path, std::ios::app)
        << std::to_string(number) + "\t" + std::string(figure) + "\n";
  }
}

}  // namespace modbound

#endif  // MODBOUND_TESTS_SUPPORT_FAULT_ROW_H_
