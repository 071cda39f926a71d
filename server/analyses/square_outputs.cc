#include "server/analyses/square_outputs.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/error.h"

namespace modbound {

bool MakesSquareOutput(int64_t N,
                       const OutputNames& wanted,
                       const std::string& name) {
  return N <= kSquareOutputLimit ||
         std::find(wanted.begin(), wanted.end(), name) != wanted.end();
}

absl::Status CheckOutputNames(const OutputNames& wanted,
                              const std::vector<std::string>& square) {
  for (const std::string& name : wanted) {
    if (std::find(square.begin(), square.end(), name) == square.end()) {
      return Refuse(reason::kOutOfRange,
                    "outputs",
                    absl::StrCat("outputs names \"",
                                 name,
                                 "\"; allowed: ",
                                 absl::StrJoin(square, ", ")));
    }
  }
  return absl::OkStatus();
}

}  // namespace modbound
