#ifndef MODBOUND_CLIENT_CLI_TEXT_TABLE_H_
#define MODBOUND_CLIENT_CLI_TEXT_TABLE_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/cli/temporary_file.h"
#include "modbound/v1/array.pb.h"

namespace modbound {

struct TextTable {
  v1::Array array;  // dtype, and shape (rows, columns)
  // What was left out, for people: "left out 1 header line"; "" = nothing.
  std::string note;
};

// A table of numbers in a text (.csv, .tsv, .txt) into `elements`, line by
// line. Cells stand between tabs, semicolons, commas or spaces, the first of
// these that the text has. INT64 when every cell is a whole number, else
// FLOAT64; nan, NA, N/A are NaN. Left out are
// - empty lines at the end, and lines that begin with '#';
// - up to two header lines: lines before the first number without a number in
//   them; where the first one's first cell is empty, as R and pandas write it,
//   a second one with an empty first cell too, whatever else is in it;
// - a first column of names: where no line has a number there; whatever is in
//   it where the header's first cell is empty, or where the header is one cell
//   shorter than the lines and these begin with a quote, as R writes them.
// Errors, with line and column: kInvalidArgument: lines of different lengths,
// an empty cell, an empty line between others, a cell that is no number or one
// beyond float64, a quote that does not end, no numbers at all, no text.
absl::StatusOr<TextTable> ConvertText(const std::string& file,
                                      const TemporaryFile& elements);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_TEXT_TABLE_H_
