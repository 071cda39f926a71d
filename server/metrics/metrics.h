#ifndef MODBOUND_SERVER_METRICS_METRICS_H_
#define MODBOUND_SERVER_METRICS_METRICS_H_

#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "modbound/v1/server.pb.h"
#include "server/jobs/job_transitions.h"

namespace modbound {

// What a server tells Prometheus. Counters count from its start; those of ends
// and of put-backs are there at 0 for each kind with the reasons that are
// expected, so that increase() sees the first one:
//   modbound_jobs_submitted_total{kind}
//   modbound_attempts_started_total{kind}
//   modbound_attempts_put_back_total{kind,reason}   RUNNING -> QUEUED
//   modbound_jobs_ended_total{kind,state,reason}    reason "" of a SUCCEEDED
//   modbound_cache_hits_total{kind}                 ended with another's result
//   modbound_job_queue_seconds{kind}, modbound_job_run_seconds{kind}
//   modbound_rpcs_total{method,code}, modbound_rpc_seconds{method}
// Gauges are read when they are asked for:
//   modbound_jobs{state}, modbound_cores, modbound_leased_cores,
//   modbound_stored_bytes, modbound_disk_free_bytes, modbound_ready,
//   modbound_build_info{version,isa}, process_resident_memory_bytes,
//   process_open_fds, process_start_time_seconds
// Threads: safe from any.
class Metrics {
 public:
  // Where gauges come from; may wait for reads of the store.
  struct Sources {
    std::function<absl::StatusOr<v1::QueueState>()> queue;
    std::function<absl::StatusOr<int64_t>()> stored_bytes;
    std::function<bool()> ready;
    std::string data_dir;
  };

  Metrics();
  // For JobQueueOptions::on_change.
  void JobChanged(const StateChange& change);
  // A call that ended. `method`: its path; of one that is no RPC of the server
  // "other", so that nobody fills the server with names.
  void CallEnded(const std::string& method, int code, double seconds);

  // All of the above, to be collected. `sources` must outlive what it returns.
  std::vector<std::shared_ptr<prometheus::Collectable>> Collectables(
      Sources sources) const;

 private:
  using Counters = prometheus::Family<prometheus::Counter>;
  using Histograms = prometheus::Family<prometheus::Histogram>;

  const std::shared_ptr<prometheus::Registry> registry_;
  Counters& submitted_;
  Counters& started_;
  Counters& put_back_;
  Counters& ended_;
  Counters& hits_;
  Histograms& queue_seconds_;
  Histograms& run_seconds_;
  Counters& calls_;
  Histograms& call_seconds_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_METRICS_METRICS_H_
