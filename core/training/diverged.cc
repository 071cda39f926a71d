#include "core/training/diverged.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace modbound {

absl::Status TrainingDiverged(const char* what,
                              int64_t step,
                              const std::vector<double>& losses) {
  const std::string last =
      losses.empty() ? "none" : absl::StrCat(losses.back());
  return MakeError(absl::StatusCode::kAborted,
                   reason::kDiverged,
                   "",
                   absl::StrCat(what,
                                " is no longer finite at step ",
                                step,
                                "; last finite loss: ",
                                last));
}

}  // namespace modbound
