#ifndef MODBOUND_CLIENT_CLI_ONE_LINE_H_
#define MODBOUND_CLIENT_CLI_ONE_LINE_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace modbound {

// Whether all of `text` is UTF-8: no overlong form, no surrogate, nothing
// beyond U+10FFFF.
bool IsUtf8(std::string_view text);

// Characters of UTF-8 text, a byte that belongs to none counted as one: the
// columns that it takes on a terminal, as far as alphabets go.
size_t CountColumns(std::string_view text);

// `text` for one line of a terminal: every control character (U+0000 to U+001F,
// U+007F to U+009F) and line break (U+2028, U+2029) is one space, every byte
// that is not UTF-8 one U+FFFD. Result: valid UTF-8 of as many columns.
std::string OneLine(std::string_view text);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_ONE_LINE_H_
