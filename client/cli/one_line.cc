#include "client/cli/one_line.h"

#include <cstdint>

namespace modbound {
namespace {

constexpr uint32_t kNoCharacter = 0xFFFFFFFF;

struct Character {
  uint32_t value = kNoCharacter;
  size_t bytes = 1;  // where the next one begins
};

// Bytes of the character that `lead` begins; 0 when none begins so.
size_t LengthOf(unsigned char lead) {
  if (lead < 0x80) {
    return 1;
  }
  if (lead >= 0xC2 && lead <= 0xDF) {
    return 2;
  }
  if (lead >= 0xE0 && lead <= 0xEF) {
    return 3;
  }
  return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

// The character at the beginning of `text`, which is not empty.
Character First(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const size_t length = LengthOf(lead);
  if (length == 0 || length > text.size()) {
    return {};
  }
  uint32_t value = length == 1 ? lead : lead & (0xFFU >> (length + 1));
  for (const char c : text.substr(1, length - 1)) {
    const auto next = static_cast<unsigned char>(c);
    if ((next & 0xC0) != 0x80) {
      return {};
    }
    value = value << 6 | (next & 0x3FU);
  }
  const bool overlong =
      (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (overlong || surrogate || value > 0x10FFFF) {
    return {};
  }
  return {.value = value, .bytes = length};
}

bool BreaksTheLine(uint32_t value) {
  return value < 0x20 || (value >= 0x7F && value <= 0x9F) || value == 0x2028 ||
         value == 0x2029;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const Character first = First(text);
    if (first.value == kNoCharacter) {
      return false;
    }
    text.remove_prefix(first.bytes);
  }
  return true;
}

size_t CountColumns(std::string_view text) {
  size_t count = 0;
  for (; !text.empty(); ++count) {
    text.remove_prefix(First(text).bytes);
  }
  return count;
}

std::string OneLine(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    const Character first = First(text);
    if (first.value == kNoCharacter) {
      line += "\xEF\xBF\xBD";  // U+FFFD
    } else if (BreaksTheLine(first.value)) {
      line += ' ';
    } else {
      line += text.substr(0, first.bytes);
    }
    text.remove_prefix(first.bytes);
  }
  return line;
}

}  // namespace modbound
