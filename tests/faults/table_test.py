"""The table of fault tests: every figure has a row, a missing one fails."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import table

TESTS = pathlib.Path(os.environ["MODBOUND_SOURCE"], "tests")


class TableTest(unittest.TestCase):

    def print_table(self, lines, *flags):
        with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rows:
            rows.writelines(line + "\n" for line in lines)
            rows.flush()
            return subprocess.run([sys.executable, table.__file__, *flags,
                                   rows.name],
                                  capture_output=True, text=True, check=False)

    def test_every_figure_a_test_gives_has_a_row(self):
        given = {}
        for path in TESTS.rglob("*_test.*"):
            for number in re.findall(r"(?:fault_row|FaultRow)\((\d+),",
                                     path.read_text(encoding="utf-8")):
                given.setdefault(int(number), []).append(path.name)
        self.assertEqual({number: names for number, names in given.items()
                          if number not in table.ROWS}, {})

    def test_a_row_without_a_figure_fails(self):
        every = [f"{number}\tseen" for number in table.ROWS]
        self.assertEqual(self.print_table(every).returncode, 0)
        some = self.print_table(every[1:])
        self.assertEqual(some.returncode, 1)
        self.assertEqual(some.stdout.count("NOT SHOWN"), 1)

    def test_rows_of_the_full_run_are_asked_for_then_alone(self):
        usual = [f"{number}\tseen" for number in set(table.ROWS) - table.FULL]
        done = self.print_table(usual)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout.count("not run: --full"), len(table.FULL))
        done = self.print_table(usual, "--full")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.count("NOT SHOWN"), len(table.FULL))


if __name__ == "__main__":
    unittest.main()
