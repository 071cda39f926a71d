#ifndef MODBOUND_SERVER_ANALYSES_PARTITION_OUTPUTS_H_
#define MODBOUND_SERVER_ANALYSES_PARTITION_OUTPUTS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "core/base/execution.h"
#include "core/modules/partition.h"
#include "modbound/v1/modules.pb.h"
#include "server/analyses/analysis.h"

namespace modbound {

// Outputs of a partition of N units (-1 = not known yet), all of a sweep with
// the leading axis `gamma`. is_given: of a matrix as it is.
std::vector<PlannedOutput> PlanPartitionOutputs(bool is_given,
                                                int64_t N,
                                                const v1::PartitionSpec& spec);

// Whether a partition of N units has this output.
bool MakesAgreement(int64_t N, const v1::PartitionSpec& spec);
bool MakesSimilarity(bool is_given, int64_t N, const v1::PartitionSpec& spec);

// Adds what was found to the outputs, all but similarity and hierarchy, and the
// summary. results: one a gamma, in the order of spec.gammas, or one without a
// sweep. Errors: kCancelled.
absl::Status AddPartitions(const std::vector<PartitionResult>& results,
                           const v1::PartitionSpec& spec,
                           const Execution& execution,
                           Outcome& outcome);

// The levels as rows.
HostArray HierarchyArray(const std::vector<Labels>& levels);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_PARTITION_OUTPUTS_H_
