#ifndef MODBOUND_CLIENT_CLI_TEXT_CELL_H_
#define MODBOUND_CLIENT_CLI_TEXT_CELL_H_

#include <cstdint>
#include <string_view>
#include <vector>

namespace modbound {

// What stands between the cells of a line: the first of tab, ';' and ',' that
// is in it outside quotes, else ' ', which means any number of spaces.
char FindDelimiter(std::string_view line);

// The cells of a line, without quotes and the spaces around them. Result: false
// when a quote does not end.
bool SplitCells(std::string_view line,
                char delimiter,
                std::vector<std::string_view>& cells);

// What one cell holds.
struct TextCell {
  enum Kind {
    kWhole,  // a whole number of 64 bits
    kReal,   // any other number; NaN for nan, NA, N/A; also inf
    kEmpty,
    kText,      // no number
    kTooLarge,  // a number beyond float64
  };
  Kind kind = kEmpty;
  int64_t whole = 0;
  double real = 0;

  bool is_number() const { return kind == kWhole || kind == kReal; }
};

TextCell ReadCell(std::string_view cell);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_TEXT_CELL_H_
