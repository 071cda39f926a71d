"""deploy/quickstart.sh itself: twice in a row, broken off, and when its server
does not end well."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

SOURCE = os.environ["MODBOUND_SOURCE"]
BIN = os.environ["MODBOUND_BIN"]
SCRIPT = os.path.join(SOURCE, "deploy", "quickstart.sh")
WAIT = 300
# A server that ends as it is told to, and what runs its jobs in no time.
STAND_INS = {
    "build/bin/modboundd": """#!/bin/bash
trap 'exit $STOP_CODE' TERM
echo "a word of the server"
echo "listening on 127.0.0.1:1"
until [[ -n $EARLY_CODE && -e $0.asked ]]; do
  [[ -e $0 ]] || exit
  sleep 0.01
done
trap '' TERM
rm "$0.asked"
exit "$EARLY_CODE"
""",
    # With EARLY_CODE, until the server cannot be stopped any more.
    "build/bin/modbound": """#!/bin/bash
asked="${0}d.asked"
touch "$asked"
while [[ -n $EARLY_CODE && -e $asked ]]; do sleep 0.01; done
exit "$JOB_CODE"
""",
    "deploy/packages.sh": "#!/bin/bash\n",
    "deploy/build.sh": "#!/bin/bash\n",
    "client/examples/main_job_table.py": "",
}


def servers(folder):
    """Ids of the servers whose data are below a folder."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue  # ended meanwhile
        if words[0].endswith(b"build/bin/modboundd") and any(
                word.startswith(f"--data_dir={folder}/".encode())
                for word in words):
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

    def open(self):
        process = subprocess.Popen(
            [SCRIPT, "--out", self.out], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=self.environment, start_new_session=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def expect_nothing_left(self):
        self.assertEqual(servers(self.folder), set())
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
            self.expect_results(re.search(
                r"^Arrays \(\.npy\) and summaries of every job: (.+)$", printed,
                re.M)[1])
            self.expect_nothing_left()
        self.assertEqual(tables[0], tables[1])

    def expect_results(self, folder):
        """Of every job: where --out says, and nowhere else."""
        self.assertEqual(folder, self.out)
        with open(os.path.join(SOURCE, "client", "examples", "main_job.json"),
                  encoding="utf-8") as file:
            nodes = {node["name"] for node in json.load(file)["nodes"]}
        self.assertEqual(set(os.listdir(folder)), nodes)
        for node in nodes:
            path = os.path.join(folder, node)
            with open(os.path.join(path, "summary.json"),
                      encoding="utf-8") as file:
                outputs = set(json.load(file)["outputs"])
            found = {os.path.relpath(os.path.join(base, name), path)
                     for base, _, names in os.walk(path) for name in names}
            self.assertTrue(outputs, node)
            self.assertEqual(found, {f"{name}.npy" for name in outputs} |
                             {"summary.json"})

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


class ServersEndTest(unittest.TestCase):
    """What the server ends with, by a stand-in of it."""

    def run_script(self, **codes):
        with tempfile.TemporaryDirectory(prefix="modbound_quickstart_") as root:
            shutil.copytree(os.path.dirname(SCRIPT),
                            os.path.join(root, "deploy"))
            for name, text in STAND_INS.items():
                path = os.path.join(root, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                os.chmod(path, 0o755)
            temporary = os.path.join(root, "tmp")
            os.mkdir(temporary)
            done = subprocess.run(
                [os.path.join(root, "deploy", "quickstart.sh")],
                capture_output=True, text=True, check=False, timeout=WAIT,
                env={**os.environ, "TMPDIR": temporary, "STOP_CODE": "0",
                     "EARLY_CODE": "", "JOB_CODE": "0", **codes})
            self.assertEqual(os.listdir(temporary), [])
        return done

    def test_a_clean_stop_is_a_success(self):
        done = self.run_script()
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_another_end_is_a_failure_and_its_log_is_shown(self):
        for codes, code in (({"STOP_CODE": "3"}, 1), ({"EARLY_CODE": "3"}, 1),
                            ({"EARLY_CODE": "3", "JOB_CODE": "6"}, 6)):
            with self.subTest(**codes):
                done = self.run_script(**codes)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn("the server ended with exit code 3", done.stderr)
                self.assertIn("a word of the server", done.stderr)

    def test_the_code_of_failed_jobs_stays(self):
        done = self.run_script(JOB_CODE="4")
        self.assertEqual((done.returncode, done.stderr), (4, ""))


if __name__ == "__main__":
    unittest.main()
