#include "server/jobs/lease.h"

#include <algorithm>

#include "core/base/check.h"

namespace modbound {

Leases::Leases(int cores, int64_t memory_bytes)
    : cores_(std::max(cores, 1)), memory_bytes_(memory_bytes) {}

std::optional<Lease> Leases::Take(int wanted_cores, int64_t memory_bytes) {
  const int free_cores = cores_ - leased_cores_;
  // The run refuses a plan beyond the limit by itself: the lease needs no more.
  const int64_t needed = std::clamp<int64_t>(memory_bytes, 0, memory_bytes_);
  if (free_cores < 1 || needed > memory_bytes_ - leased_bytes_) {
    return std::nullopt;
  }
  const Lease lease{std::clamp(wanted_cores, 1, free_cores), needed};
  leased_cores_ += lease.cores;
  leased_bytes_ += lease.memory_bytes;
  return lease;
}

void Leases::Return(const Lease& lease) {
  leased_cores_ -= lease.cores;
  leased_bytes_ -= lease.memory_bytes;
  MODBOUND_CHECK(leased_cores_ >= 0 && leased_bytes_ >= 0);
}

}  // namespace modbound
