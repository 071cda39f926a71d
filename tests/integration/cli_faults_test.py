"""modbound against a server that breaks off, stops or is slow as a test says."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import zlib

import grpc
import numpy

from modbound import arrays, contract

sys.path.append(os.path.join(os.environ["MODBOUND_SOURCE"], "tests", "client",
                             "python"))
from fake_server import FakeServer  # pylint: disable=wrong-import-position

CLI = os.path.join(os.environ["MODBOUND_BIN"], "modbound")
WAIT = 60 * float(os.environ.get("MODBOUND_TIME_FACTOR", "1"))
STATES = {word.name: word.number for word in contract.message(
    "JobState").DESCRIPTOR.enum_types_by_name["State"].values}
ARRAY = numpy.arange(1000, dtype="f8")


def npy():
    with tempfile.TemporaryFile() as file:
        numpy.save(file, ARRAY)
        file.seek(0)
        return file.read()


def job(job_id, state):
    message = contract.message("Job")(id=job_id, kind="quality",
                                      state=STATES[state])
    if state == "SUCCEEDED":
        output = message.outputs["quality"]
        output.CopyFrom(arrays.describe(ARRAY))
        output.artifact = arrays.digest(ARRAY)
    if state == "CANCELLED":
        message.error.code = grpc.StatusCode.CANCELLED.value[0]
        message.error.message = "by request"
    return message


def piece(data, begin, end):
    return contract.message("DownloadResponse")(
        offset=begin, data=data[begin:end], crc32=zlib.crc32(data[begin:end]),
        total_bytes=len(data))


class CliFaultsTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="modbound_faults_")
        self.addCleanup(folder.cleanup)
        self.out = os.path.join(folder.name, "out")
        self.graph = os.path.join(folder.name, "graph.json")
        with open(self.graph, "w", encoding="utf-8") as file:
            json.dump({"nodes": [{"name": name, "job": {"spec": {"quality": {}}}}
                                 for name in ("first", "second")]}, file)

    def serve(self, **methods):
        self.server = FakeServer(methods)
        self.addCleanup(self.server.stop)

    def count(self, method):
        return sum(name == method for name, _ in self.server.calls)

    def open(self, *arguments):
        process = subprocess.Popen(
            [CLI, "--server", self.server.address, *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def run_cli(self, *arguments, code=0):
        process = self.open(*arguments)
        out, errors = process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, code, errors)
        return out, errors

    def test_a_download_goes_on_however_the_stream_was_cut(self):
        data = npy()
        codes = [grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL,
                 grpc.StatusCode.UNKNOWN, grpc.StatusCode.DEADLINE_EXCEEDED,
                 grpc.StatusCode.UNAVAILABLE]
        begins = []

        def download(request, context):
            begins.append(request.offset)
            end = request.offset + 1500
            yield piece(data, request.offset, end)
            if end < len(data):
                context.abort(codes[len(begins) - 1], "cut")

        self.serve(GetJob=lambda *_: job("j1", "SUCCEEDED"), Download=download)
        self.run_cli("result", "j1", "--out", self.out)
        numpy.testing.assert_array_equal(
            numpy.load(os.path.join(self.out, "quality.npy")), ARRAY)
        self.assertEqual(begins, list(range(0, 9000, 1500)))

    def test_a_download_waits_for_a_server_that_went_away_while_patient(self):
        data = npy()
        outage = 8  # calls: by then the pauses came to more than 5 s

        def download(_request, context):
            if self.count("Download") <= outage:
                context.abort(grpc.StatusCode.UNAVAILABLE, "gone")
            yield piece(data, 0, len(data))

        self.serve(GetJob=lambda *_: job("j1", "SUCCEEDED"), Download=download)
        _, errors = self.run_cli("--patience", "0", "result", "j1", "--out",
                                 self.out, code=6)
        self.assertIn("no answer from the server", errors)
        self.assertEqual(self.count("Download"), 1)
        self.run_cli("result", "j1", "--out", self.out)
        numpy.testing.assert_array_equal(
            numpy.load(os.path.join(self.out, "quality.npy")), ARRAY)
        self.assertEqual(self.count("Download"), outage + 1)

    def slow_graph(self):
        """Serves a graph: `first` has ended, its download hangs once; `second`
        runs until it is cancelled. Returns the event of the download's begin."""
        data = npy()
        begun, cancelled = threading.Event(), threading.Event()

        def submit(request, _context):
            reply = contract.message("SubmitGraphResponse")()
            for node, state in zip(request.nodes, ("SUCCEEDED", "RUNNING")):
                reply.jobs.add().CopyFrom(job("id-" + node.name, state))
            return reply

        def get(request, _context):
            if request.id == "id-first":
                return job(request.id, "SUCCEEDED")
            return job(request.id,
                       "CANCELLED" if cancelled.is_set() else "RUNNING")

        def watch(request, context):
            while context.is_active() and not cancelled.wait(0.02):
                pass
            message = contract.message("JobEvent")(resume_token="t")
            message.state_change.state = STATES["CANCELLED"]
            yield message

        def cancel(request, context):
            if request.id == "id-second":
                cancelled.set()
            return get(request, context)

        def download(_request, context):
            if not begun.is_set():
                yield piece(data, 0, 100)
                begun.set()
                while context.is_active() and not cancelled.wait(0.02):
                    pass
                context.abort(grpc.StatusCode.CANCELLED, "left")
            yield piece(data, 0, len(data))

        self.serve(SubmitGraph=submit, GetJob=get, WatchJob=watch,
                   CancelJob=cancel, Download=download)
        return begun

    def press(self, process):
        process.send_signal(signal.SIGINT)
        line = ""
        while "Ctrl-C" not in line:
            line = process.stderr.readline()
            self.assertTrue(line, "no answer to Ctrl-C")

    def test_ctrl_c_twice_during_a_download_cancels_the_rest(self):
        begun = self.slow_graph()
        process = self.open("run-graph", self.graph, "--out", self.out)
        self.assertTrue(begun.wait(WAIT))
        self.press(process)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, 4, errors)
        self.assertEqual([line.split()[1:] for line in out.splitlines()],
                         [["SUCCEEDED", "first"], ["CANCELLED", "second"]])
        # The download that was cut is made up for.
        numpy.testing.assert_array_equal(numpy.load(os.path.join(
            self.out, "first", "quality.npy")), ARRAY)
        self.assertEqual(self.count("CancelJob"), 2)

    def test_ctrl_c_during_a_download_leaves_and_says_how_to_come_back(self):
        begun = self.slow_graph()
        process = self.open("run-graph", self.graph, "--out", self.out)
        self.assertTrue(begun.wait(WAIT))
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, 130)
        self.assertIn(f"modbound result id-first --out {self.out}/first",
                      errors.splitlines()[-1])
        self.assertEqual(self.count("CancelJob"), 0)
        self.assertEqual(os.listdir(os.path.join(self.out, "first")), [])


if __name__ == "__main__":
    unittest.main()
