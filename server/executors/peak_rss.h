#ifndef MODBOUND_SERVER_EXECUTORS_PEAK_RSS_H_
#define MODBOUND_SERVER_EXECUTORS_PEAK_RSS_H_

#include <cstdint>
#include <optional>

namespace modbound {

// Most resident memory that this process has had, bytes; nothing when the
// system does not tell. Not getrusage: what it gives a spawned process starts
// at the peak of the process that spawned it.
std::optional<int64_t> PeakRssBytes();

}  // namespace modbound

#endif  // MODBOUND_SERVER_EXECUTORS_PEAK_RSS_H_
