#include "client/cli/text_cell.h"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <string>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace modbound {
namespace {

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

// Where the cell that begins `line` ends; npos when its quote does not.
size_t EndOfCell(std::string_view line, char delimiter) {
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      quoted = !quoted;  // a doubled quote ends and begins one
    } else if (line[i] == delimiter && !quoted) {
      return i;
    }
  }
  return quoted ? std::string_view::npos : line.size();
}

std::string_view WithoutQuotes(std::string_view cell) {
  cell = Trim(cell);
  if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"') {
    cell = Trim(cell.substr(1, cell.size() - 2));
  }
  return cell;
}

// NaN or infinity written as a word.
TextCell ReadWord(std::string_view word, bool negative, bool has_sign) {
  const auto is = [word](const char* known) {
    return absl::EqualsIgnoreCase({word.data(), word.size()}, known);
  };
  const bool missing = word == "NA" || word == "N/A" || word == "n/a";
  if (is("nan") || (missing && !has_sign)) {
    return {.kind = TextCell::kReal,
            .real = std::numeric_limits<double>::quiet_NaN()};
  }
  if (is("inf") || is("infinity")) {
    const double infinity = std::numeric_limits<double>::infinity();
    return {.kind = TextCell::kReal, .real = negative ? -infinity : infinity};
  }
  return {.kind = TextCell::kText};
}

TextCell ReadReal(std::string_view digits, bool negative) {
  const char* end = digits.data() + digits.size();
  TextCell cell{.kind = TextCell::kReal};
  const auto [stop, error] = std::from_chars(digits.data(), end, cell.real);
  if (stop != end || error == std::errc::invalid_argument) {
    return {.kind = TextCell::kText};
  }
  if (error == std::errc::result_out_of_range) {
    // Which of the two ends it is, from_chars does not tell.
    cell.real = std::strtod(std::string(digits).c_str(), nullptr);
    if (std::isinf(cell.real)) {
      return {.kind = TextCell::kTooLarge};
    }
  }
  cell.real = negative ? -cell.real : cell.real;
  return cell;
}

}  // namespace

char FindDelimiter(std::string_view line) {
  for (const char delimiter : {'\t', ';', ','}) {
    if (EndOfCell(line, delimiter) < line.size()) {
      return delimiter;
    }
  }
  return ' ';
}

bool SplitCells(std::string_view line,
                char delimiter,
                std::vector<std::string_view>& cells) {
  cells.clear();
  if (delimiter == ' ') {
    line = Trim(line);
  }
  for (;;) {
    const size_t end = EndOfCell(line, delimiter);
    if (end == std::string_view::npos) {
      return false;
    }
    cells.push_back(WithoutQuotes(line.substr(0, end)));
    if (end == line.size()) {
      return true;
    }
    line.remove_prefix(end + 1);
    if (delimiter == ' ') {
      line = Trim(line);
    }
  }
}

TextCell ReadCell(std::string_view cell) {
  if (cell.empty()) {
    return {};
  }
  const bool negative = cell.front() == '-';
  const bool has_sign = negative || cell.front() == '+';
  const std::string_view digits = cell.substr(has_sign ? 1 : 0);
  if (digits.empty() ||
      !(absl::ascii_isdigit(static_cast<unsigned char>(digits.front())) ||
        digits.front() == '.')) {
    return ReadWord(digits, negative, has_sign);
  }
  const std::string_view whole = negative ? cell : digits;
  const char* end = whole.data() + whole.size();
  TextCell value{.kind = TextCell::kWhole};
  const auto [stop, error] = std::from_chars(whole.data(), end, value.whole);
  // A zero with a sign is a float's.
  if (stop == end && error == std::errc() && !(negative && value.whole == 0)) {
    return value;
  }
  return ReadReal(digits, negative);
}

}  // namespace modbound
