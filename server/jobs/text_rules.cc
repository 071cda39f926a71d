#include "server/jobs/text_rules.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace modbound {
namespace {

constexpr int64_t kBad = -1;

// Bytes of the character that `lead` begins; 0 when none begins so.
int LengthOf(unsigned char lead) {
  if (lead < 0x80) {
    return 1;
  }
  if (lead >= 0xc2 && lead <= 0xdf) {
    return 2;
  }
  if (lead >= 0xe0 && lead <= 0xef) {
    return 3;
  }
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

// The character at `at`, which then stands after it; kBad when there is none.
int64_t NextCharacter(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const int length = LengthOf(lead);
  if (length == 0 || at + static_cast<std::size_t>(length) > text.size()) {
    return kBad;
  }
  int64_t value = length == 1 ? lead : lead & (0xff >> (length + 1));
  for (int i = 1; i < length; ++i) {
    const auto next =
        static_cast<unsigned char>(text[at + static_cast<std::size_t>(i)]);
    if ((next & 0xc0) != 0x80) {
      return kBad;
    }
    value = value << 6 | (next & 0x3f);
  }
  at += static_cast<std::size_t>(length);
  const bool overlong =
      (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  return overlong || surrogate || value > 0x10ffff ? kBad : value;
}

// kBad is not.
bool IsPrintable(int64_t character) {
  return character >= 0x20 && (character < 0x7f || character > 0x9f);
}

}  // namespace

int CountCharacters(std::string_view text) {
  int count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    if (!IsPrintable(NextCharacter(text, at))) {
      return -1;
    }
  }
  return count;
}

std::string PrintableText(std::string_view text, std::size_t most) {
  std::string printable;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    const bool good = IsPrintable(NextCharacter(text, end));
    // A bad character may have moved `end` anywhere within it.
    end = good ? end : at + 1;
    if (printable.size() + (end - at) > most) {
      break;
    }
    if (good) {
      printable.append(text.substr(at, end - at));
    } else {
      printable.push_back(text[at] == '\t' ? ' ' : '?');
    }
    at = end;
  }
  return printable;
}

absl::Status CheckText(std::string_view text,
                       int least,
                       int most,
                       const std::string& field) {
  const int count = CountCharacters(text);
  if (count >= least && count <= most) {
    return absl::OkStatus();
  }
  return Refuse(
      "BAD_TEXT",
      field,
      absl::StrCat(field,
                   count < 0 ? std::string(" is not printable UTF-8")
                             : absl::StrCat(" has ", count, " characters"),
                   "; allowed: ",
                   least,
                   " to ",
                   most,
                   " printable characters"));
}

bool IsNodeName(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(),
                     text.end(),
                     [](unsigned char c) {
                       return absl::ascii_isalnum(c) || c == '_' || c == '.' ||
                              c == '-';
                     }) &&
         text.find_first_not_of('.') != std::string_view::npos;
}

}  // namespace modbound
