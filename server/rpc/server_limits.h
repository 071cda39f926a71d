#ifndef MODBOUND_SERVER_RPC_SERVER_LIMITS_H_
#define MODBOUND_SERVER_RPC_SERVER_LIMITS_H_

#include <chrono>

#include "server/rpc/worker_pool.h"

namespace modbound {

// What a server takes from its clients at once.
struct ServerLimits {
  // Requests that wait for a thread of their pool; more are refused with
  // OVERLOADED.
  WorkerPool::Limits waiting_requests;
  // An upload on whose stream nothing comes for so long is broken off with
  // STREAM_IDLE: each holds a descriptor.
  std::chrono::milliseconds upload_idle = std::chrono::seconds(60);
  // Calls of one owner in the long run; twice that may come at once. > 0.
  double max_requests_per_second = 100000;
  // Watches, uploads and downloads that one owner has open. >= 1.
  int max_streams_per_owner = 2000;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_SERVER_LIMITS_H_
