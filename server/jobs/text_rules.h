#ifndef MODBOUND_SERVER_JOBS_TEXT_RULES_H_
#define MODBOUND_SERVER_JOBS_TEXT_RULES_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace modbound {

// Characters of valid UTF-8 text; -1 when it is not (overlong forms, surrogates
// and numbers beyond U+10FFFF included) or holds a control character (below
// U+0020, U+007F to U+009F).
int CountCharacters(std::string_view text);

// BAD_TEXT for `field` unless `text` has `least` to `most` characters as
// CountCharacters counts them.
absl::Status CheckText(std::string_view text,
                       int least,
                       int most,
                       const std::string& field);

// At most `most` bytes of `text`, whole characters, with '?' for every byte
// that CountCharacters would not count and a space for a tab.
std::string PrintableText(std::string_view text, std::size_t most);

// [a-zA-Z0-9_.-]{1,64} and not dots alone, the form of a node's name: clients
// make a folder of it.
bool IsNodeName(std::string_view text);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_TEXT_RULES_H_
