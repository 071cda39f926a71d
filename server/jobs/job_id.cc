#include "server/jobs/job_id.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/check.h"

namespace modbound {
namespace {

constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr int kTimeDigits = 11;
constexpr int kRandomDigits = 6;
constexpr int kBits = 5;

std::string Base32(uint64_t value, int digits) {
  std::string text(static_cast<std::size_t>(digits), '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit) {
    *digit = kDigits[value & 31];
    value >>= kBits;
  }
  return text;
}

// Time part of an id; 0 for anything else.
int64_t MicrosOf(const std::string& id) {
  if (id.size() != 1 + kTimeDigits + kRandomDigits) {
    return 0;
  }
  uint64_t value = 0;
  for (std::size_t i = 0; i < kTimeDigits; ++i) {
    const auto digit = kDigits.find(id[1 + i]);
    if (digit == std::string_view::npos) {
      return 0;
    }
    value = value << kBits | digit;
  }
  return static_cast<int64_t>(value);
}

template <std::size_t kSize>
std::array<unsigned char, kSize> RandomBytes() {
  std::array<unsigned char, kSize> bytes{};
  MODBOUND_CHECK(RAND_bytes(bytes.data(), kSize) == 1);
  return bytes;
}

}  // namespace

JobIdMaker::JobIdMaker(const std::string& last_id)
    : last_micros_(MicrosOf(last_id)) {}

std::string JobIdMaker::NewId(int64_t wall_micros) {
  const auto random = RandomBytes<sizeof(uint64_t)>();
  uint64_t bits = 0;
  std::memcpy(&bits, random.data(), sizeof(bits));
  const MutexLock lock(mutex_);
  last_micros_ = std::max(last_micros_ + 1, wall_micros);
  return absl::StrCat("j",
                      Base32(static_cast<uint64_t>(last_micros_), kTimeDigits),
                      Base32(bits, kRandomDigits));
}

std::string NewAttemptToken() {
  const auto bytes = RandomBytes<16>();
  return absl::BytesToHexString(std::string(bytes.begin(), bytes.end()));
}

}  // namespace modbound
