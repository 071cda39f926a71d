#include "core/modules/labels.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <unordered_map>

#include "core/base/error.h"

namespace modbound {
namespace {

// Modules numbered by first member, and their sizes.
struct FirstMemberOrder {
  Labels labels;
  std::vector<int64_t> sizes;
};

FirstMemberOrder ByFirstMember(const Labels& labels) {
  FirstMemberOrder order;
  order.labels.resize(labels.size(), -1);
  std::unordered_map<int32_t, int32_t> numbers;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0) {
      continue;
    }
    const auto next = static_cast<int32_t>(numbers.size());
    const int32_t number = numbers.try_emplace(labels[i], next).first->second;
    if (number == next) {
      order.sizes.push_back(0);
    }
    ++order.sizes[number];
    order.labels[i] = number;
  }
  return order;
}

}  // namespace

Labels CanonicalLabels(const Labels& labels) {
  FirstMemberOrder order = ByFirstMember(labels);
  std::vector<int32_t> by_size(order.sizes.size());
  std::iota(by_size.begin(), by_size.end(), 0);
  // Stable: first member decides between equal sizes.
  std::stable_sort(by_size.begin(), by_size.end(), [&](int32_t a, int32_t b) {
    return order.sizes[a] > order.sizes[b];
  });
  std::vector<int32_t> number(by_size.size());
  for (std::size_t rank = 0; rank < by_size.size(); ++rank) {
    number[by_size[rank]] = static_cast<int32_t>(rank);
  }
  for (int32_t& label : order.labels) {
    label = label < 0 ? -1 : number[label];
  }
  return std::move(order.labels);
}

Labels CompactLabels(const Labels& labels) {
  std::vector<int32_t> used;
  for (const int32_t label : labels) {
    if (label >= 0) {
      used.push_back(label);
    }
  }
  std::sort(used.begin(), used.end());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  Labels compact(labels.size(), -1);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= 0) {
      compact[i] = static_cast<int32_t>(
          std::lower_bound(used.begin(), used.end(), labels[i]) - used.begin());
    }
  }
  return compact;
}

int32_t NumModules(const Labels& labels) {
  return static_cast<int32_t>(ByFirstMember(labels).sizes.size());
}

std::vector<int64_t> ModuleSizes(const Labels& labels) {
  std::vector<int64_t> sizes;
  for (const int32_t label : labels) {
    if (label < 0) {
      continue;
    }
    if (static_cast<std::size_t>(label) >= sizes.size()) {
      sizes.resize(static_cast<std::size_t>(label) + 1, 0);
    }
    ++sizes[label];
  }
  return sizes;
}

std::vector<int64_t> LabelledUnits(const Labels& labels) {
  std::vector<int64_t> units;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= 0) {
      units.push_back(static_cast<int64_t>(i));
    }
  }
  return units;
}

std::vector<int64_t> ExcludedUnits(const Labels& labels) {
  std::vector<int64_t> units;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0) {
      units.push_back(static_cast<int64_t>(i));
    }
  }
  return units;
}

Labels RestrictLabels(const Labels& labels, const std::vector<int64_t>& units) {
  Labels restricted;
  restricted.reserve(units.size());
  for (const int64_t unit : units) {
    restricted.push_back(labels[unit]);
  }
  return restricted;
}

Labels ScatterLabels(const Labels& labels,
                     const std::vector<int64_t>& units,
                     int64_t n) {
  Labels scattered(static_cast<std::size_t>(n), -1);
  for (std::size_t i = 0; i < units.size(); ++i) {
    scattered[units[i]] = labels[i];
  }
  return scattered;
}

Labels WithSingletons(Labels labels) {
  int32_t next = 0;
  for (const int32_t label : labels) {
    next = std::max(next, label + 1);
  }
  for (int32_t& label : labels) {
    if (label < 0) {
      label = next++;
    }
  }
  return labels;
}

Matrix RestrictMatrix(const Matrix& matrix, const std::vector<int64_t>& units) {
  return matrix(units, units);
}

absl::Status CheckLabels(const Labels& labels,
                         int64_t n,
                         std::string_view field) {
  const std::string name(field);
  if (static_cast<int64_t>(labels.size()) != n) {
    return Refuse(reason::kWrongShape,
                  field,
                  name + " holds " + std::to_string(labels.size()) +
                      " values, the matrix has " + std::to_string(n) +
                      " units");
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < -1) {
      return Refuse(reason::kBadLabels,
                    field,
                    name + "[" + std::to_string(i) + "] is " +
                        std::to_string(labels[i]) +
                        "; allowed: -1 (excluded) and up");
    }
  }
  return absl::OkStatus();
}

}  // namespace modbound
