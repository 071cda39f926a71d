#ifndef MODBOUND_CLIENT_CLI_GRAPH_ORDER_H_
#define MODBOUND_CLIENT_CLI_GRAPH_ORDER_H_

#include <cstddef>
#include <vector>

#include "modbound/v1/job.pb.h"

namespace modbound {

// Indices of the nodes, each after those whose outputs it takes; otherwise in
// their own order. Nodes of a circle, which the server refuses, come last.
std::vector<size_t> OrderOfEnds(const v1::SubmitGraphRequest& graph);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_GRAPH_ORDER_H_
