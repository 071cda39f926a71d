#ifndef MODBOUND_SERVER_ANALYSES_MODULE_LABELS_H_
#define MODBOUND_SERVER_ANALYSES_MODULE_LABELS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "server/analyses/analysis.h"

// What the kinds that take labels share.
namespace modbound {

// Modules that labels name at the most: the largest label plus one; -1 when
// they are not known yet.
int64_t NumModulesOf(const InputInfos& inputs);

// No more modules than this are in labels of so many units (-1 = not known), as
// a bound of outputs with an axis `module`; 0 = not known.
int64_t MostModules(const InputInfos& inputs, int64_t units);

// DEGENERATE for "inputs.labels" when every unit is at -1, as far as known.
absl::Status RequireModules(const InputInfos& inputs);

// The partitions of labels (P,N), one a row, or (N).
std::vector<Labels> PartitionsOf(const HostArray& labels);

// Their number; -1 when it is not known yet.
int64_t NumPartitionsOf(const std::vector<int64_t>& labels_shape);

// DEGENERATE for "inputs.activity" when it has a single time point.
absl::Status RequireTimePoints(const InputInfos& inputs);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_MODULE_LABELS_H_
