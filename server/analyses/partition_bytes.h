#ifndef MODBOUND_SERVER_ANALYSES_PARTITION_BYTES_H_
#define MODBOUND_SERVER_ANALYSES_PARTITION_BYTES_H_

#include "modbound/v1/modules.pb.h"
#include "server/analyses/analysis.h"
#include "server/analyses/partition_source.h"

namespace modbound {

// Estimate of the memory of a partition, besides what each run works in. spec:
// as ResolveSource leaves it.
double PartitionBytes(const InputInfos& inputs,
                      const PartitionSource& source,
                      const v1::PartitionSpec& spec);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_PARTITION_BYTES_H_
