"""Tables of numbers in a text (.csv, .tsv, .txt), read line by line."""

import array
import csv
import math
import re

import numpy

from modbound import files

_MISSING = ("NA", "N/A", "n/a")
_BLANK = " \t"
# A decimal comma, a percentage: no number, but no name of a column either.
_LIKE_NUMBER = re.compile(r"[+-]*[.,eE%]*[0-9][0-9.,eE%]*$")


def read(path):
    """(matrix of int64 or float64, what was left out of it or "").

    Cells stand between tabs, semicolons, commas or spaces, the first of these
    that the text has. int64 when every cell is a whole number, else float64;
    nan, NA, N/A are NaN. Left out are
    - empty lines at the end, and lines that begin with '#';
    - up to two header lines: lines before the first number without a number in
      them; where the first one's first cell is empty, as R and pandas write it,
      a second one with an empty first cell too, whatever else is in it;
    - a first column of names: where no line has a number there; whatever is in
      it where the header's first cell is empty, or where the header is one cell
      shorter than the lines and these begin with a quote, as R writes them.
    Raises ArrayError with line and column: lines of different lengths, an empty
    cell, an empty line between others, a cell that is no number or one beyond
    float64, a quote that does not end, no numbers at all, no text.
    """
    table = _Table()
    with open(path, encoding="utf-8-sig", errors="surrogateescape",
              newline="\n") as lines:
        for line in lines:
            table.take_line(line.rstrip("\n"))
    return table.finish()


class _Table:
    """What is known of a table so far."""

    def __init__(self):
        self.numbers = array.array("q")
        self.delimiter = " "
        self.line = 0  # of the line at hand; the first is 1
        self.empty_line = 0  # the first one after a row
        self.header_lines = 0
        self.header_width = 0
        self.corner = False  # the header's first cell is empty
        self.names = ""  # "text": words only; "any": whatever it holds
        self.columns = 0
        self.first_row = 0
        self.rows = 0

    def take_line(self, line):
        self.line += 1
        if "\0" in line:
            raise files.ArrayError("is no text: it has zero bytes")
        start = line.lstrip(" \t\r")
        if not start:
            if self.rows and not self.empty_line:
                self.empty_line = self.line
            return
        if start[0] == "#":
            return
        if self.empty_line:
            raise files.ArrayError(f"line {self.empty_line} is empty")
        if line.endswith("\r"):
            line = line[:-1]
        cells = self._cells(line)
        if not self._take_header(cells):
            self._take_row(cells, start[0] == '"')

    def finish(self):
        if not self.rows:
            raise files.ArrayError("holds no numbers")
        parts = []
        if self.header_lines:
            parts.append(f"{self.header_lines} header line" +
                         ("s" if self.header_lines > 1 else ""))
        if self.names:
            parts.append("the first column, of names")
        note = f"left out {' and '.join(parts)}" if parts else ""
        dtype = "<i8" if self.numbers.typecode == "q" else "<f8"
        return numpy.frombuffer(self.numbers, dtype).reshape(
            self.rows, -1), note

    def _cells(self, line):
        if not self.rows and self.delimiter == " ":
            outside = "".join(line.split('"')[::2])
            self.delimiter = next((mark for mark in "\t;," if mark in outside),
                                  " ")
        if '"' not in line:
            cells = [cell.strip(_BLANK) for cell in line.split(self.delimiter)]
            return list(filter(None, cells)) if self.delimiter == " " else cells
        if line.count('"') % 2:
            raise files.ArrayError(f"line {self.line}: a quote does not end")
        skip = self.delimiter == " "
        line = line.strip(_BLANK) if skip else line
        return [cell.strip(_BLANK) for cell in self._quoted_cells(line)
                if not skip or cell]

    def _quoted_cells(self, line):
        try:
            return next(csv.reader([line], delimiter=self.delimiter,
                                   skipinitialspace=True))
        except csv.Error as error:
            # csv's own advice on carriage returns is for its callers.
            reason = ("a carriage return that ends no line" if "\r" in line
                      else str(error))
            raise files.ArrayError(f"line {self.line}: {reason}") from None

    def _take_header(self, cells):
        if self.rows or self.header_lines == 2:
            return False
        has_text = any(map(_is_name, cells))
        has_number = any(cell and not _is_name(cell) for cell in cells)
        empty_corner = len(cells) > 1 and not cells[0]
        if (not has_text or has_number) and not (self.corner and empty_corner):
            return False
        if not self.header_lines:
            self.corner = empty_corner
        self.header_width = len(cells)
        self.header_lines += 1
        return True

    def _take_first_row(self, cells, quoted):
        self.columns = len(cells)
        self.first_row = self.line
        is_short = self.header_width + 1 == self.columns
        if self.corner or (is_short and self.header_lines and quoted):
            self.names = "any"
        elif self.columns > 1 and _is_name(cells[0]):
            self.names = "text"
        if self.header_lines and self.header_width != self.columns and not (
                is_short and self.names):
            raise files.ArrayError(
                f"its header has {self.header_width} cells, line {self.line} "
                f"has {self.columns}")

    def _take_row(self, cells, quoted):
        if not self.rows:
            self._take_first_row(cells, quoted)
        if len(cells) != self.columns:
            raise files.ArrayError(
                f"line {self.line} has {len(cells)} cells, line "
                f"{self.first_row} has {self.columns}")
        if self.names == "text" and not _is_name(cells[0]):
            raise files.ArrayError(
                f"line {self.line}, column 1: no name, as line "
                f"{self.first_row} has there, but {_quoted(cells[0])}")
        self._add(cells[1:] if self.names else cells)
        self.rows += 1

    def _add(self, cells):
        if self.numbers.typecode == "q":
            values = [_number(cell) for cell in cells]
            if all(isinstance(value, int) for value in values):
                self.numbers.extend(values)
                return
            self.numbers = array.array("d", self.numbers)
        try:
            # Python takes 1_000, digits of other scripts, and line ends around
            # a number.
            text = "".join(cells)
            if "_" in text or not (text.isascii() and text.isprintable()):
                raise ValueError
            values = list(map(float, cells))
            if not all(map(math.isfinite, values)):
                raise ValueError
        except ValueError:
            first = 2 if self.names else 1
            values = [self._careful(cell, column)
                      for column, cell in enumerate(cells, first)]
        self.numbers.extend(values)

    def _careful(self, cell, column):
        value = _number(cell)
        if value is not None and (not math.isinf(value) or
                                  cell.lstrip("+-")[0] in "iI"):
            return math.nan if math.isnan(value) else value
        if not cell:
            reason = "an empty cell"
        elif value is not None:
            reason = f"{_quoted(cell)} is beyond float64"
        else:
            reason = f"{_quoted(cell)} is no number"
            if self.delimiter != "," and "," in cell:
                reason += " (decimals take a point, no comma)"
        raise files.ArrayError(f"line {self.line}, column {column}: {reason}")


def _number(cell):
    """int of 64 bits or float that a cell holds; None when it holds none."""
    if cell in _MISSING:
        return math.nan
    if "_" in cell or not (cell.isascii() and cell.isprintable()):
        return None
    try:
        value = int(cell)
        # A zero with a sign is a float's.
        if -2**63 <= value < 2**63 and not (value == 0 and cell[0] == "-"):
            return value
    except ValueError:
        pass
    try:
        return float(cell)
    except ValueError:
        return None


def _is_name(cell):
    return bool(cell) and _number(cell) is None and not _LIKE_NUMBER.match(cell)


def _quoted(cell):
    return f'"{cell[:40]}{"..." if len(cell) > 40 else ""}"'
