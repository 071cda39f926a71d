#include "client/cli/nearest_name.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace modbound {
namespace {

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool Same(char a, char b) { return Lower(a) == Lower(b); }

}  // namespace

int EditDistance(std::string_view a, std::string_view b) {
  // Three rows of the table: for the prefixes of `a` of length i-2, i-1, i.
  std::vector<int> before(b.size() + 1);
  std::vector<int> last(b.size() + 1);
  std::vector<int> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    std::swap(before, last);
    std::swap(last, row);
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const int change = Same(a[i - 1], b[j - 1]) ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && Same(a[i - 1], b[j - 2]) &&
          Same(a[i - 2], b[j - 1])) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

std::string NearestName(std::string_view name,
                        const std::vector<std::string>& names) {
  // Names are short; a pasted page must not cost seconds.
  constexpr size_t kLongest = 256;
  const std::string_view wanted = name.substr(0, kLongest);
  const auto nearest = std::min_element(
      names.begin(), names.end(), [&](const auto& a, const auto& b) {
        return EditDistance(wanted, a) < EditDistance(wanted, b);
      });
  return nearest == names.end() ? std::string() : *nearest;
}

}  // namespace modbound
