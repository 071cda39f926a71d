#ifndef MODBOUND_SERVER_JOBS_JOB_TIME_H_
#define MODBOUND_SERVER_JOBS_JOB_TIME_H_

#include <chrono>
#include <cstdint>

#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "server/store/wall_time.h"

namespace modbound {

// Wall times are kept and shown (microseconds since 1970, UTC); how long
// something takes or may take is measured on the steady clock, which never
// jumps.
using SteadyTime = std::chrono::steady_clock::time_point;

google::protobuf::Timestamp ToTimestamp(int64_t micros);
google::protobuf::Duration ToDuration(double seconds);
// Within the ranges that proto gives these types, nanos included?
bool IsValid(const google::protobuf::Timestamp& time);
bool IsValid(const google::protobuf::Duration& duration);
// Rounded towards later: a positive duration never becomes 0.
int64_t ToMicros(const google::protobuf::Timestamp& time);
int64_t ToMicros(const google::protobuf::Duration& duration);

// When, on the steady clock, `micros` from `now` will have passed. Far futures
// are cut at ten years, so that no clock arithmetic overflows.
SteadyTime After(SteadyTime now, int64_t micros);

double Seconds(SteadyTime from, SteadyTime to);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_JOB_TIME_H_
