"""The README's examples, run as they are written, print what it says."""

import os
import re
import subprocess
import unittest

from service import BIN, SOURCE, TIME_FACTOR, Server, ServiceTest

# What differs from run to run: ids, times of day, speed.
VARYING = ((r"\bj[0-9a-z]{17}\b", "ID"),
           (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
           (r"\d+ steps/s", "SPEED"))


def blocks(marker):
    """The code blocks that follow <!-- marker -->."""
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as file:
        rest = file.read().split(f"<!-- {marker} -->")[1]
    return re.findall(r"^```\w*\n(.*?)^```$", rest, re.M | re.S)


def is_release():
    """Whether the programs are gcc's Release build: others round otherwise."""
    cache = os.path.join(BIN, "..", "CMakeCache.txt")
    if not os.path.exists(cache):
        return True
    with open(cache, encoding="utf-8") as file:
        text = file.read()
    return ("CMAKE_BUILD_TYPE:STRING=Release" in text and
            "clang" not in re.search(r"CMAKE_CXX_COMPILER:\w+=(.*)",
                                     text).group(1))


def settled(text):
    for pattern, word in VARYING:
        text = re.sub(pattern, word, text)
    return text.strip()


def words(text):
    """Each word once, in order: not how many modules or units there are."""
    return list(dict.fromkeys(re.findall(r"[A-Za-z_]{2,}", settled(text))))


class ReadmeTest(ServiceTest):

    def setUp(self):
        super().setUp()
        # Each from a fresh server, as a reader's is: the examples are equal
        # jobs.
        self.server = Server()
        self.addCleanup(self.server.close)
        self.lab = self.server.lab()
        self.addCleanup(self.lab.close)

    def run_in_a_folder(self, *command, text=None):
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, check=False,
            cwd=self.out, timeout=300 * TIME_FACTOR,
            env={**os.environ, "MODBOUND_SERVER": self.server.address,
                 "PATH": BIN + os.pathsep + os.environ["PATH"]})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def expect(self, printed, written):
        self.assertEqual(words(printed), words(written))
        # The last digits belong to one instruction set and build.
        if self.lab.info().isa != "x86-64-v3" or not is_release():
            self.skipTest("the README's numbers are those of gcc's Release "
                          "build for x86-64-v3")
        self.assertEqual(settled(printed), settled(written))

    def test_the_shell_example(self):
        commands, written = blocks("shell")[:2]
        printed = self.run_in_a_folder("bash", "-euo", "pipefail",
                                       text=commands)
        self.assertIn("labels.npy",
                      os.listdir(os.path.join(self.out, "results/modules")))
        self.expect(printed, written)

    def test_the_python_example(self):
        commands, written = blocks("python")[:2]
        self.expect(self.run_in_a_folder("/usr/bin/python3", "-",
                                         text=commands), written)

    def test_the_ensemble_example(self):
        commands, written = blocks("ensemble")[:2]
        self.expect(self.run_in_a_folder("/usr/bin/python3", "-",
                                         text=commands), written)

    def test_the_example_of_sparse_weights(self):
        printed = self.run_in_a_folder(
            "/usr/bin/python3", "-",
            text="import modbound, numpy\nlab = modbound.connect()\n" +
                 blocks("sparse")[0] +
                 "print(numpy.mean(sparse.arrays['w_rec'] != 0) < .15)\n")
        self.assertEqual(printed, "True\n")

    def test_the_example_of_tests_across_networks(self):
        printed = self.run_in_a_folder(
            "/usr/bin/python3", "-",
            text=blocks("ensemble")[0] + blocks("statistics")[0])
        for name in ("role_0.types", "role_1.types", "role_1.change.1"):
            self.assertIn(name, printed)

    def test_the_table_of_the_main_job(self):
        examples = os.path.join(SOURCE, "client", "examples")
        self.run_in_a_folder("modbound", "run-graph",
                             os.path.join(examples, "main_job.json"), "--out",
                             "results")
        self.expect(
            self.run_in_a_folder(
                "/usr/bin/python3",
                os.path.join(examples, "main_job_table.py"), "results"),
            blocks("output of the main job")[0])

    def test_every_kind_is_in_the_table(self):
        with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as file:
            rows = re.findall(r"^\| (\w+) \|", file.read(), re.M)
        self.assertEqual(set(rows) - {"kind"}, set(self.lab.kinds()))


if __name__ == "__main__":
    unittest.main()
