#include "server/analyses/job_path.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/analyses/input_rules.h"

namespace modbound {

absl::Status WithJobPath(const absl::Status& status, const Analysis& analysis) {
  const std::string field = FieldOf(status);
  if (field.rfind("inputs.", 0) == 0) {
    return status;
  }
  return WithFieldPrefix(status,
                         FindInputRule(analysis, field) != nullptr
                             ? "inputs."
                             : absl::StrCat("spec.", analysis.kind, "."));
}

}  // namespace modbound
