#ifndef MODBOUND_SERVER_JOBS_GRAPH_ORDER_H_
#define MODBOUND_SERVER_JOBS_GRAPH_ORDER_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace modbound {

// Order in which every node comes after those it needs; without needs, the
// order of the nodes. needs[i]: indices of the nodes that node i needs, repeats
// allowed. Cost: linear, no recursion. Errors: kInvalidArgument CYCLE that
// names the nodes of one cycle and blames the first of them,
// "nodes[2].job.inputs".
absl::StatusOr<std::vector<std::size_t>> GraphOrder(
    const std::vector<std::vector<std::size_t>>& needs,
    const std::vector<std::string>& names);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_GRAPH_ORDER_H_
