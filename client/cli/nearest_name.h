#ifndef MODBOUND_CLIENT_CLI_NEAREST_NAME_H_
#define MODBOUND_CLIENT_CLI_NEAREST_NAME_H_

#include <string>
#include <string_view>
#include <vector>

namespace modbound {

// Least number of insertions, deletions, replacements and swaps of neighbouring
// characters that make `b` of `a` (optimal string alignment), ignoring case.
int EditDistance(std::string_view a, std::string_view b);

// The name most like `name`: least EditDistance, the first of equals; "" when
// there are no names.
std::string NearestName(std::string_view name,
                        const std::vector<std::string>& names);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_NEAREST_NAME_H_
