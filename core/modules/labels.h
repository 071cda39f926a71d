#ifndef MODBOUND_CORE_MODULES_LABELS_H_
#define MODBOUND_CORE_MODULES_LABELS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/base/matrix.h"

namespace modbound {

// The partition's own numbering: modules 0, 1, ... by falling size, then by
// first member; every negative label becomes -1.
Labels CanonicalLabels(const Labels& labels);

// Modules renumbered 0, 1, ... by rising label; -1 kept. For code that needs
// labels without gaps but must keep their order (rules, signs).
Labels CompactLabels(const Labels& labels);

// Number of different labels >= 0.
int32_t NumModules(const Labels& labels);

// Units of module 0, 1, ..., max label.
std::vector<int64_t> ModuleSizes(const Labels& labels);

// Indices of units whose label is >= 0, and of the others.
std::vector<int64_t> LabelledUnits(const Labels& labels);
std::vector<int64_t> ExcludedUnits(const Labels& labels);

// labels[units[0]], labels[units[1]], ...
Labels RestrictLabels(const Labels& labels, const std::vector<int64_t>& units);

// The inverse: n labels, -1 for units not named.
Labels ScatterLabels(const Labels& labels,
                     const std::vector<int64_t>& units,
                     int64_t n);

// Every unit of label -1 in a module of its own, numbered on by rising unit:
// all units count.
Labels WithSingletons(Labels labels);

// Rows and columns `units` of a square matrix.
Matrix RestrictMatrix(const Matrix& matrix, const std::vector<int64_t>& units);

// WRONG_SHAPE for `field` unless there are n labels; BAD_LABELS for one < -1.
absl::Status CheckLabels(const Labels& labels,
                         int64_t n,
                         std::string_view field);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_LABELS_H_
