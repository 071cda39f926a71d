#ifndef MODBOUND_SERVER_JOBS_LEASE_H_
#define MODBOUND_SERVER_JOBS_LEASE_H_

#include <cstdint>
#include <optional>

namespace modbound {

// What a running attempt holds.
struct Lease {
  int cores = 0;
  int64_t memory_bytes = 0;
};

// Cores and memory handed out to attempts: the sums never pass what there is.
// Not safe from two threads.
class Leases {
 public:
  Leases(int cores, int64_t memory_bytes);

  // min(wanted, free) cores, at least one, and all of the memory; nothing when
  // no core is free or the memory does not fit now. A job whose memory is more
  // than there is in all (the limit was lowered since it was accepted) gets a
  // lease when nothing else runs, or it would wait forever.
  std::optional<Lease> Take(int wanted_cores, int64_t memory_bytes);
  void Return(const Lease& lease);

  int cores() const { return cores_; }
  int leased_cores() const { return leased_cores_; }
  bool has_free_core() const { return leased_cores_ < cores_; }

 private:
  const int cores_;
  const int64_t memory_bytes_;
  int leased_cores_ = 0;
  int64_t leased_bytes_ = 0;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_LEASE_H_
