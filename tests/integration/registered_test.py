"""No test can be forgotten: every *_test.cc is compiled, every *_test.py run."""

import glob
import json
import os
import re
import unittest

BUILD = os.path.dirname(os.environ["MODBOUND_BIN"])
TESTS = os.path.join(os.environ["MODBOUND_SOURCE"], "tests")


def tests(pattern):
    found = set(glob.glob(os.path.join(TESTS, "**", pattern), recursive=True))
    assert found, pattern
    return found


class RegisteredTest(unittest.TestCase):

    def test_every_test_in_c_plus_plus_is_compiled(self):
        with open(os.path.join(BUILD, "compile_commands.json"),
                  encoding="utf-8") as file:
            compiled = {command["file"] for command in json.load(file)}
        # Sources of a folder are compiled together, by a file that names them.
        for together in [path for path in compiled if "/Unity/" in path]:
            with open(together, encoding="utf-8") as file:
                compiled.update(re.findall(r'#include "(.*)"', file.read()))
        self.assertEqual(tests("*_test.cc") - compiled, set())

    def test_every_test_in_python_is_run(self):
        with open(os.path.join(BUILD, "tests", "CTestTestfile.cmake"),
                  encoding="utf-8") as file:
            text = file.read()
        self.assertEqual({path for path in tests("*_test.py")
                          if f'"{path}"' not in text}, set())


if __name__ == "__main__":
    unittest.main()
