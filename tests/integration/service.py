"""A real server and the real CLI for tests, and golden cases."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request

import numpy

import modbound

BIN = os.environ["MODBOUND_BIN"]
SOURCE = os.environ["MODBOUND_SOURCE"]
# Sanitizers slow everything down; bars in seconds are stretched by this.
TIME_FACTOR = float(os.environ.get("MODBOUND_TIME_FACTOR", "1"))
SANITIZED = "MODBOUND_SANITIZED" in os.environ
# They keep 256 MiB of what was freed, and as much again around what lives: bars
# in MiB are raised by this.
KEPT_MIB = 512 if SANITIZED else 0


def modboundd(*flags, environment=None):
    """Runs a command of the server program; a CompletedProcess with text."""
    return subprocess.run([os.path.join(BIN, "modboundd"), *flags],
                          env=environment,
                          capture_output=True, text=True, check=False,
                          timeout=120 * TIME_FACTOR)


def verify(data_dir):
    """modboundd --verify of a folder that no server runs on."""
    return modboundd("--verify", f"--data_dir={data_dir}")


def children(pid):
    """Running child processes of a process."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/children",
                      encoding="utf-8") as file:
                found += [int(word) for word in file.read().split()]
        except (FileNotFoundError, ProcessLookupError):  # a thread that ended
            pass
    return found


class Server:
    """One modboundd on a free loopback port, with a data folder of its own.

    folder: where data and log are kept; default one of its own. program: what is
    started, of the folder of programs. environment: variables that it has
    beside ours. started: whether it is at once.
    """

    # Variables beside ours, of a class of servers.
    environment = {}

    def __init__(self, cores=2, flags=(), address="127.0.0.1:0", folder=None,
                 program="modboundd", environment=None, started=True):
        self._folder = None
        if folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="modbound_test_")
            folder = self._folder.name
        self.data_dir = os.path.join(folder, "data")
        self.log_path = os.path.join(folder, "log")
        self.address = address
        self.cores = cores
        self.flags = list(flags)
        self.program = program
        if environment is not None:
            self.environment = environment
        self.process = None
        if started:
            self.start()

    def start(self):
        """Starts it; the second time on the same port and data."""
        with open(self.log_path, "ab") as log:
            begin = log.tell()
            self.process = subprocess.Popen(
                [os.path.join(BIN, self.program),
                 f"--data_dir={self.data_dir}", f"--listen={self.address}",
                 f"--cores={self.cores}", *self.flags],
                env={**os.environ, **self.environment}, stdout=log,
                stderr=subprocess.STDOUT)
        started = time.monotonic()
        while time.monotonic() - started < 20 * TIME_FACTOR:
            for line in self.log()[begin:].splitlines():
                if "listening on " in line:
                    self.address = line.split("listening on ")[1].split()[0]
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.005)
        raise AssertionError(f"the server did not start:\n{self.log()}")

    def log(self):
        with open(self.log_path, "rb") as log:
            return log.read().decode(errors="replace")

    def metrics(self):
        """Name with labels -> value, of --metrics_listen=127.0.0.1:0."""
        address = re.search(r"event=metrics address=(\S+)",
                            self.log()).group(1)
        with urllib.request.urlopen(f"http://{address}/metrics",
                                    timeout=20) as reply:
            text = reply.read().decode()
        return dict(line.rsplit(" ", 1) for line in text.splitlines()
                    if line and not line.startswith("#"))

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30 * TIME_FACTOR)

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        if self._folder is not None:
            self._folder.cleanup()

    def lab(self):
        return modbound.connect(self.address)

    def cli(self, *arguments, spec=None, check=True):
        """Runs modbound; a CompletedProcess with text."""
        done = subprocess.run(
            [os.path.join(BIN, "modbound"), *arguments],
            input=None if spec is None else json.dumps(spec),
            stdin=subprocess.DEVNULL if spec is None else None,
            env={**os.environ, "MODBOUND_SERVER": self.address},
            capture_output=True, text=True, timeout=300 * TIME_FACTOR,
            check=False)
        if check and done.returncode != 0:
            raise AssertionError(
                f"modbound {' '.join(arguments)} gave {done.returncode}:\n"
                f"{done.stdout}\n{done.stderr}")
        return done


class ServersTest(unittest.TestCase):
    """Tests that start servers of their own."""

    def serve(self, *flags):
        """A server and a client of it, until the test's end."""
        server = Server(flags=flags)
        self.addCleanup(server.close)
        lab = server.lab()
        self.addCleanup(lab.close)
        return server, lab


class ServiceTest(unittest.TestCase):
    """Tests that share one server."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)
        cls.lab = cls.server.lab()
        cls.addClassCleanup(cls.lab.close)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="modbound_out_")
        self.addCleanup(folder.cleanup)
        self.out = folder.name

    def run_kind(self, kind, spec, **inputs):
        """modbound run through files; (summary, load) of what it left."""
        arguments = []
        for name, array in inputs.items():
            path = os.path.join(self.out, f"{name}.npy")
            numpy.save(path, array)
            arguments += ["--input", f"{name}={path}"]
        results = os.path.join(self.out, "results")
        self.server.cli("run", kind, "--spec", "-", *arguments, "--out",
                        results, spec=spec)
        with open(os.path.join(results, "summary.json"),
                  encoding="utf-8") as file:
            summary = json.load(file)
        return summary, lambda name: numpy.load(
            os.path.join(results, f"{name}.npy"))


class Golden:
    """A case of tests/golden: arrays by name, with their tolerances."""

    NETWORK = ("w_in", "b_in", "w_rec", "b_rec", "w_out", "b_out")

    def __init__(self, case):
        self.folder = os.path.join(SOURCE, "tests", "golden", case)
        with open(os.path.join(self.folder, "manifest.json"),
                  encoding="utf-8") as file:
            manifest = json.load(file)
        self.tolerances = {array["name"]: array.get("tolerance")
                           for array in manifest["arrays"]}

    def __contains__(self, name):
        return name in self.tolerances

    def __getitem__(self, name):
        return numpy.load(os.path.join(self.folder, f"{name}.npy"))

    @property
    def network(self):
        return {name: self[name] for name in self.NETWORK}

    def expect(self, name, found, rows=None):
        """Fails unless `found` is array `name` within its tolerance."""
        expected = self[name] if rows is None else self[name][rows]
        tolerance = self.tolerances[name]
        if tolerance["kind"].startswith("up_to_sign_per_"):
            axis = 1 if tolerance["kind"].endswith("row") else 0
            signs = numpy.sign((expected * found).sum(axis, keepdims=True))
            found = found * signs
        numpy.testing.assert_allclose(found, expected, tolerance["rtol"],
                                      tolerance["atol"], err_msg=name)


def digests(handle):
    """Output name -> SHA-256 of a job's arrays."""
    return {name: array["artifact"]
            for name, array in handle.job.outputs.items()}


def comparable(summary):
    """A summary without the one field that tells of time."""
    return {name: value for name, value in summary.items()
            if name != "steps_per_second"}
