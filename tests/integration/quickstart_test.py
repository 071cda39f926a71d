"""deploy/quickstart.sh itself, twice in a row, and broken off."""

import os
import signal
import subprocess
import tempfile
import time
import unittest

SOURCE = os.environ["MODBOUND_SOURCE"]
BIN = os.environ["MODBOUND_BIN"]
SCRIPT = os.path.join(SOURCE, "deploy", "quickstart.sh")
WAIT = 300


def servers():
    """Ids of the processes that serve out of a quickstart's folder."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue  # ended meanwhile
        if words[0].endswith(b"build/bin/modboundd"):
            found.add(pid)
    return found


@unittest.skipUnless(
    os.path.realpath(BIN) == os.path.realpath(
        os.path.join(SOURCE, "build", "bin")),
    "the quickstart builds and runs the release build")
class QuickstartTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="modbound_quickstart_")
        self.addCleanup(folder.cleanup)
        self.out = os.path.join(folder.name, "out")
        # Its server's folder is in here too.
        self.environment = {**os.environ, "TMPDIR": folder.name}
        self.folder = folder.name
        self.before = servers()

    def open(self):
        process = subprocess.Popen(
            [SCRIPT, "--out", self.out], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=self.environment, start_new_session=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def expect_nothing_left(self):
        self.assertEqual(servers() - self.before, set())
        self.assertLessEqual(set(os.listdir(self.folder)), {"out"})

    def test_it_runs_twice_and_leaves_its_results_alone(self):
        tables = []
        for _ in range(2):
            process = self.open()
            printed, _ = process.communicate(timeout=WAIT)
            self.assertEqual(process.returncode, 0, printed)
            for step in ("1/4", "2/4", "3/4", "4/4", "Stopping the server"):
                self.assertIn(step, printed)
            table = printed[printed.index("\nTraining"):]
            # The line of the speed apart, every number is the same again.
            tables.append(table.split("\n", 2)[2])
            self.assertTrue(os.path.exists(
                os.path.join(self.out, "partition", "summary.json")))
            self.expect_nothing_left()
        self.assertEqual(tables[0], tables[1])

    def test_ctrl_c_ends_jobs_and_server_in_this_order(self):
        process = self.open()
        printed = []
        for line in process.stdout:
            printed.append(line)
            if line.startswith("train "):
                break  # the jobs are submitted
        # As a terminal does: to the script and all that it started.
        os.killpg(process.pid, signal.SIGINT)
        begin = time.monotonic()
        printed.append(process.communicate(timeout=WAIT)[0])
        text = "".join(printed)
        self.assertEqual(process.returncode, 130, text)
        self.assertLess(time.monotonic() - begin, 20, text)
        self.assertIn("Stopping the server", text)
        self.assertNotIn("lost", text)  # the server outlived the client
        self.expect_nothing_left()


if __name__ == "__main__":
    unittest.main()
