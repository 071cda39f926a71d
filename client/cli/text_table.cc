#include "client/cli/text_table.h"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/error.h"
#include "client/cli/number_file.h"
#include "client/cli/text_cell.h"

namespace modbound {
namespace {

// `text` as an error may quote it.
std::string Quoted(std::string_view text) {
  constexpr size_t kMostQuoted = 40;
  return absl::StrCat("\"",
                      std::string(text.substr(0, kMostQuoted)),
                      text.size() > kMostQuoted ? "..." : "",
                      "\"");
}

// A word, as headers and columns of names have it. A decimal comma or a
// percentage is no number, but no name either.
bool IsName(std::string_view cell) {
  const size_t begin = cell.find_first_not_of("+-");
  const bool like_number =
      cell.find_first_not_of("0123456789.,eE%", begin) ==
          std::string_view::npos &&
      cell.find_first_of("0123456789") != std::string_view::npos;
  return !like_number && ReadCell(cell).kind == TextCell::kText;
}

// Takes a text line by line.
class TableReader {
 public:
  explicit TableReader(const TemporaryFile& elements) : numbers_(elements) {}

  absl::Status TakeLine(std::string_view line) {
    ++line_;
    if (line.find('\0') != std::string_view::npos) {
      return UsageError("is no text: it has zero bytes");
    }
    const size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) {
      empty_line_ = rows_ > 0 && empty_line_ == 0 ? line_ : empty_line_;
      return absl::OkStatus();
    }
    if (line[begin] == '#') {
      return absl::OkStatus();
    }
    if (empty_line_ > 0) {
      return UsageError(absl::StrCat("line ", empty_line_, " is empty"));
    }
    if (line.back() == '\r') {
      line.remove_suffix(1);
    }
    if (rows_ == 0 && delimiter_ == ' ') {
      delimiter_ = FindDelimiter(line);
    }
    quoted_ = line[begin] == '"';
    if (!SplitCells(line, delimiter_, cells_)) {
      return UsageError(absl::StrCat("line ", line_, ": a quote does not end"));
    }
    if (TakeHeader()) {
      return absl::OkStatus();
    }
    return TakeRow();
  }

  absl::StatusOr<TextTable> Finish() {
    if (rows_ == 0) {
      return UsageError("holds no numbers");
    }
    MODBOUND_RETURN_IF_ERROR(numbers_.Finish());
    TextTable table;
    table.array.set_dtype(numbers_.dtype());
    table.array.add_shape(rows_);
    table.array.add_shape(static_cast<int64_t>(columns_ - first_column()));
    if (header_lines_ > 0) {
      absl::StrAppend(&table.note,
                      header_lines_,
                      header_lines_ > 1 ? " header lines" : " header line",
                      names_ == Names::kNone ? "" : " and ");
    }
    if (names_ != Names::kNone) {
      absl::StrAppend(&table.note, "the first column, of names");
    }
    if (!table.note.empty()) {
      table.note.insert(0, "left out ");
    }
    return table;
  }

 private:
  enum class Names {
    kNone,
    kText,  // every line begins with a word
    kAny,   // the header tells that the first column is none of numbers
  };

  size_t first_column() const { return names_ == Names::kNone ? 0 : 1; }

  // Whether the line at hand is one of the header.
  bool TakeHeader() {
    constexpr int kMostHeaderLines = 2;
    if (rows_ > 0 || header_lines_ == kMostHeaderLines) {
      return false;
    }
    bool has_text = false;
    bool has_number = false;
    for (const std::string_view cell : cells_) {
      (IsName(cell) ? has_text : has_number) |= !cell.empty();
    }
    const bool empty_corner = cells_.size() > 1 && cells_.front().empty();
    if ((!has_text || has_number) && !(corner_ && empty_corner)) {
      return false;
    }
    corner_ = header_lines_ == 0 ? empty_corner : corner_;
    header_width_ = cells_.size();
    ++header_lines_;
    return true;
  }

  // Fixes the number of columns, and which of them are of numbers.
  absl::Status TakeFirstRow() {
    columns_ = cells_.size();
    first_row_ = line_;
    const bool is_short = header_width_ + 1 == columns_;
    if (corner_ || (is_short && header_lines_ > 0 && quoted_)) {
      names_ = Names::kAny;
    } else if (columns_ > 1 && IsName(cells_.front())) {
      names_ = Names::kText;
    }
    if (header_lines_ > 0 && header_width_ != columns_ &&
        !(is_short && names_ != Names::kNone)) {
      return UsageError(absl::StrCat("its header has ",
                                     header_width_,
                                     " cells, line ",
                                     line_,
                                     " has ",
                                     columns_));
    }
    return absl::OkStatus();
  }

  absl::Status TakeRow() {
    if (rows_ == 0) {
      MODBOUND_RETURN_IF_ERROR(TakeFirstRow());
    }
    if (cells_.size() != columns_) {
      return UsageError(absl::StrCat("line ",
                                     line_,
                                     " has ",
                                     cells_.size(),
                                     " cells, line ",
                                     first_row_,
                                     " has ",
                                     columns_));
    }
    if (names_ == Names::kText && !IsName(cells_.front())) {
      return UsageError(absl::StrCat("line ",
                                     line_,
                                     ", column 1: no name, as line ",
                                     first_row_,
                                     " has there, but ",
                                     Quoted(cells_.front())));
    }
    for (size_t column = first_column(); column < columns_; ++column) {
      const TextCell value = ReadCell(cells_[column]);
      if (!value.is_number()) {
        return Refuse(value.kind, column);
      }
      MODBOUND_RETURN_IF_ERROR(numbers_.Add(value));
    }
    ++rows_;
    return absl::OkStatus();
  }

  absl::Status Refuse(TextCell::Kind kind, size_t column) const {
    const std::string_view cell = cells_[column];
    std::string reason = Quoted(cell) + " is no number";
    if (kind == TextCell::kEmpty) {
      reason = "an empty cell";
    } else if (kind == TextCell::kTooLarge) {
      reason = Quoted(cell) + " is beyond float64";
    } else if (delimiter_ != ',' && cell.find(',') != std::string_view::npos) {
      reason += " (decimals take a point, no comma)";
    }
    return UsageError(
        absl::StrCat("line ", line_, ", column ", column + 1, ": ", reason));
  }

  NumberFile numbers_;
  char delimiter_ = ' ';
  std::vector<std::string_view> cells_;  // of the line at hand
  bool quoted_ = false;                  // it begins with a quote
  int64_t line_ = 0;                     // the first is 1
  int64_t empty_line_ = 0;               // the first one after a row; 0 = none
  int header_lines_ = 0;
  size_t header_width_ = 0;  // of the last header line
  bool corner_ = false;      // the header's first cell is empty
  Names names_ = Names::kNone;
  size_t columns_ = 0;     // with names
  int64_t first_row_ = 0;  // its line
  int64_t rows_ = 0;
};

}  // namespace

absl::StatusOr<TextTable> ConvertText(const std::string& file,
                                      const TemporaryFile& elements) {
  constexpr std::string_view kByteOrderMark("\xef\xbb\xbf", 3);
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    return UsageError(std::strerror(errno));
  }
  TableReader reader(elements);
  std::string text;
  for (bool first = true; std::getline(stream, text); first = false) {
    std::string_view line = text;
    if (first && line.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
      line.remove_prefix(kByteOrderMark.size());
    }
    MODBOUND_RETURN_IF_ERROR(reader.TakeLine(line));
  }
  if (stream.bad()) {
    return UsageError("cannot be read to its end");
  }
  return reader.Finish();
}

}  // namespace modbound
