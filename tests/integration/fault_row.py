"""Rows of the table that deploy/test.sh --faults prints (tests/faults/table.py)."""

import os

# Under --faults=long the figures of the long form are asked.
LONG = os.environ.get("MODBOUND_FAULTS") == "long"


def fault_row(number, figure):
    """Says what a fault test measured, once it has passed.

    number: its row of tests/faults/table.py; figure: one line of text.
    """
    path = os.environ.get("MODBOUND_FAULT_ROWS")
    if path:
        with open(path, "a", encoding="utf-8") as rows:
            rows.write(f"{number}\t{figure}\n")
