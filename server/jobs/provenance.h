#ifndef MODBOUND_SERVER_JOBS_PROVENANCE_H_
#define MODBOUND_SERVER_JOBS_PROVENANCE_H_

#include <map>
#include <string>

#include "modbound/internal/attempt.pb.h"
#include "modbound/v1/job.pb.h"

namespace modbound {

// What every result of this server on this machine rests on: versions, build,
// CPU, host.
v1::Provenance ServerProvenance();

// Adds the attempt's part: seed, threads, digests of the inputs, and from the
// result its times and memory. queue_seconds and wall_seconds are the
// caller's.
void AddAttempt(const internal::AttemptSpec& spec,
                const internal::AttemptResult& result,
                v1::Provenance& provenance);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_PROVENANCE_H_
