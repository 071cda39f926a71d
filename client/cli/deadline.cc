#include "client/cli/deadline.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>

#include "client/cli/error.h"
#include "google/protobuf/util/time_util.h"

namespace modbound {
namespace {

using google::protobuf::Timestamp;
using google::protobuf::util::TimeUtil;

std::optional<double> SecondsOfUnit(char unit) {
  switch (unit) {
    case 's':
      return 1.0;
    case 'm':
      return 60.0;
    case 'h':
      return 3600.0;
    case 'd':
      return 86400.0;
    default:
      return std::nullopt;
  }
}

// "+15m" -> 900; nothing when it is not such a length.
std::optional<double> ParseLength(const std::string& text) {
  if (text.size() < 3 || text.front() != '+') {
    return std::nullopt;
  }
  const std::optional<double> unit = SecondsOfUnit(text.back());
  double count = 0;
  const char* begin = text.data() + 1;
  const char* end = text.data() + text.size() - 1;
  const auto [stop, error] =
      std::from_chars(begin, end, count, std::chars_format::fixed);
  // A century: further than any job and still within a Timestamp.
  constexpr double kMost = 100.0 * 366 * 86400;
  if (!unit || error != std::errc() || stop != end || !(count >= 0) ||
      count * *unit > kMost) {
    return std::nullopt;
  }
  return count * *unit;
}

}  // namespace

absl::StatusOr<Timestamp> ParseDeadline(const std::string& text,
                                        const Timestamp& now) {
  if (const std::optional<double> seconds = ParseLength(text)) {
    return now + TimeUtil::MillisecondsToDuration(
                     static_cast<int64_t>(std::llround(*seconds * 1000)));
  }
  Timestamp deadline;
  if (TimeUtil::FromString(text, &deadline)) {
    return deadline;
  }
  return UsageError("\"" + text +
                    "\" is no time: give RFC 3339 (2026-03-01T12:00:00Z) or a "
                    "length from now (+90s, +15m, +2h, +1d)");
}

}  // namespace modbound
