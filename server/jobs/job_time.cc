#include "server/jobs/job_time.h"

#include <algorithm>
#include <cmath>

namespace modbound {
namespace {

constexpr int64_t kMicros = 1000000;
constexpr int64_t kNanosPerMicro = 1000;
constexpr int64_t kNanos = 1000000000;
// 0001-01-01 to 9999-12-31, from google/protobuf/timestamp.proto.
constexpr int64_t kFirstSecond = -62135596800;
constexpr int64_t kLastSecond = 253402300799;
// About 10,000 years, from google/protobuf/duration.proto.
constexpr int64_t kLongestSeconds = 315576000000;
constexpr int64_t kTenYearsMicros = int64_t{3652} * 86400 * kMicros;

int64_t CeilMicros(int64_t seconds, int64_t nanos) {
  return seconds * kMicros + (nanos + kNanosPerMicro - 1) / kNanosPerMicro;
}

}  // namespace

google::protobuf::Timestamp ToTimestamp(int64_t micros) {
  google::protobuf::Timestamp time;
  time.set_seconds(micros / kMicros);
  time.set_nanos(static_cast<int32_t>(micros % kMicros * kNanosPerMicro));
  return time;
}

google::protobuf::Duration ToDuration(double seconds) {
  const double whole = std::floor(
      std::clamp(seconds, 0.0, static_cast<double>(kLongestSeconds - 1)));
  google::protobuf::Duration duration;
  duration.set_seconds(static_cast<int64_t>(whole));
  duration.set_nanos(static_cast<int32_t>(std::clamp(
      (seconds - whole) * 1e9, 0.0, static_cast<double>(kNanos - 1))));
  return duration;
}

bool IsValid(const google::protobuf::Timestamp& time) {
  return time.seconds() >= kFirstSecond && time.seconds() <= kLastSecond &&
         time.nanos() >= 0 && time.nanos() < kNanos;
}

bool IsValid(const google::protobuf::Duration& duration) {
  // Not by std::abs: the least number has none.
  return duration.seconds() >= -kLongestSeconds &&
         duration.seconds() <= kLongestSeconds && duration.nanos() > -kNanos &&
         duration.nanos() < kNanos &&
         (duration.seconds() <= 0 || duration.nanos() >= 0) &&
         (duration.seconds() >= 0 || duration.nanos() <= 0);
}

int64_t ToMicros(const google::protobuf::Timestamp& time) {
  return CeilMicros(time.seconds(), time.nanos());
}

int64_t ToMicros(const google::protobuf::Duration& duration) {
  return CeilMicros(duration.seconds(), duration.nanos());
}

SteadyTime After(SteadyTime now, int64_t micros) {
  return now + std::chrono::microseconds(
                   std::clamp<int64_t>(micros, 0, kTenYearsMicros));
}

double Seconds(SteadyTime from, SteadyTime to) {
  return std::max(0.0, std::chrono::duration<double>(to - from).count());
}

}  // namespace modbound
