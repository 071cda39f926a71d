#include "client/cli/array_variable.h"

#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/error.h"

namespace modbound {
namespace {

// "sc (400, 400), net (16, 1; a cell array)".
std::string ListVariables(const std::vector<ArrayVariable>& variables) {
  constexpr size_t kMostNamed = 20;
  std::vector<std::string> named;
  for (size_t i = 0; i < std::min(variables.size(), kMostNamed); ++i) {
    const auto& [name, shape, refused] = variables[i];
    const bool both = !shape.empty() && !refused.empty();
    named.push_back(absl::StrCat(name,
                                 " (",
                                 absl::StrJoin(shape, ", "),
                                 both ? "; " : "",
                                 refused,
                                 ")"));
  }
  const std::string more =
      variables.size() > kMostNamed
          ? absl::StrCat(" and ", variables.size() - kMostNamed, " more")
          : "";
  return named.empty() ? "nothing" : absl::StrJoin(named, ", ") + more;
}

}  // namespace

absl::StatusOr<size_t> ChooseVariable(
    const std::vector<ArrayVariable>& variables, const std::string& wanted) {
  std::vector<size_t> possible;
  for (size_t i = 0; i < variables.size(); ++i) {
    if (wanted.empty() ? variables[i].refused.empty()
                       : variables[i].name == wanted) {
      possible.push_back(i);
    }
  }
  if (possible.empty() && wanted.empty()) {
    return UsageError("holds no array of numbers; there is: " +
                      ListVariables(variables));
  }
  if (possible.empty()) {
    return UsageError("holds no \"" + wanted +
                      "\"; there is: " + ListVariables(variables));
  }
  if (wanted.empty() && possible.size() > 1) {
    return UsageError(
        "holds several arrays, name one as FILE:NAME; there is: " +
        ListVariables(variables));
  }
  const ArrayVariable& variable = variables[possible.front()];
  if (!variable.refused.empty()) {
    return MakeError(absl::StatusCode::kInvalidArgument,
                     "WRONG_DTYPE",
                     "",
                     variable.name + " is " + variable.refused +
                         "; allowed: arrays of real numbers");
  }
  return possible.front();
}

std::string ShapeText(const std::vector<int64_t>& shape) {
  return "(" + absl::StrJoin(shape, ", ") + ")";
}

absl::StatusOr<int64_t> CheckedBytes(const std::vector<int64_t>& shape,
                                     int item_size) {
  const auto memory =
      double(sysconf(_SC_PHYS_PAGES)) * double(sysconf(_SC_PAGE_SIZE));
  double bytes = item_size;
  for (const int64_t extent : shape) {
    bytes *= double(extent);
  }
  if (bytes > memory) {
    return UsageError(absl::StrCat("an array of shape ",
                                   ShapeText(shape),
                                   " takes ",
                                   bytes,
                                   " bytes, more than this machine's memory"));
  }
  return static_cast<int64_t>(bytes);
}

}  // namespace modbound
