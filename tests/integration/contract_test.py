"""Every field, word, call and service of the public contract says what it is."""

import glob
import os
import re
import unittest

FOLDER = os.path.join(os.environ["MODBOUND_SOURCE"], "proto", "modbound", "v1")
# What needs a sentence. Messages are told of by the calls that take them.
DECLARED = re.compile(
    r"\s*(?:(?:repeated |optional )?[\w.]+(?:<[^>]*>)? \w+ = \d+\b"  # field
    r"|[A-Z][A-Z0-9_]* = \d+\b"  # word
    r"|rpc \w+|service \w+ \{)")
# The word for nothing, and the kinds, which have their messages.
PLAIN = re.compile(r"\s*(?:\w*UNSPECIFIED = 0;|\w+(?:Spec|Summary) \w+ = \d+;)")


def undescribed(text):
    """Lines that declare something without a comment before or on them."""
    lines = text.splitlines()
    return [line.strip() for before, line in zip([""] + lines, lines)
            if DECLARED.match(line) and not PLAIN.match(line) and
            "//" not in line and not before.strip().startswith("//")]


class ContractTest(unittest.TestCase):

    def test_all_that_is_declared_is_described(self):
        paths = sorted(glob.glob(os.path.join(FOLDER, "*.proto")))
        self.assertGreater(len(paths), 5)
        for path in paths:
            with self.subTest(file=os.path.basename(path)):
                with open(path, encoding="utf-8") as file:
                    self.assertEqual(undescribed(file.read()), [])

    def test_what_is_not_described_is_found(self):
        self.assertEqual(undescribed(
            "// Of it.\nmessage A {\n  // Why.\n  int32 a = 1;\n"
            "  map<string, B> b = 2;\n  optional C c = 3 [(x) = {}];\n}\n"
            "rpc D(E) returns (F);\n"),
            ["map<string, B> b = 2;", "optional C c = 3 [(x) = {}];",
             "rpc D(E) returns (F);"])


if __name__ == "__main__":
    unittest.main()
