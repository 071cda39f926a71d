"""The lint sees what it should: clang-tidy with our configuration rejects every
line of tests/support/lint_sample.cc.txt that is marked bad, for the reason
marked, and no other line."""

import os
import re
import shutil
import subprocess
import sys
import unittest

SOURCE = os.environ["MODBOUND_SOURCE"]
SAMPLE = os.path.join(SOURCE, "tests", "support", "lint_sample.cc.txt")
TIDY = shutil.which("clang-tidy") or shutil.which("clang-tidy-14")
SKIPPED = 77  # ctest's word for a test that cannot run here


class LintTest(unittest.TestCase):

    def test_the_bad_sample_is_rejected_line_by_line(self):
        with open(SAMPLE, encoding="utf-8") as file:
            expected = {(number, match.group(1))
                        for number, line in enumerate(file, start=1)
                        for match in [re.search(r"// bad: (\S+)$", line)]
                        if match}
        self.assertGreater(len(expected), 10)
        done = subprocess.run(
            [TIDY, "--quiet",
             f"--config-file={os.path.join(SOURCE, '.clang-tidy')}", SAMPLE,
             "--", "-xc++", "-std=c++20"],
            capture_output=True, text=True, check=False)
        self.assertNotEqual(done.returncode, 0)
        found = {(int(line), check) for line, check in re.findall(
            r"lint_sample\.cc\.txt:(\d+):\d+: error: .* \[([\w.-]+),", done.stdout)}
        self.assertEqual(found, expected, done.stdout)


if __name__ == "__main__":
    if TIDY is None:
        print("skipped: there is no clang-tidy")
        sys.exit(SKIPPED)
    unittest.main()
