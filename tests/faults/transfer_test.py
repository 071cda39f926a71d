"""Large arrays go up and come down over a connection that is cut many times."""

import functools
import hashlib
import json
import os
import random
import subprocess
import tempfile
import unittest
from unittest import mock

import numpy

import measure
import modbound
import proxy
from fault_row import LONG, fault_row
from modbound import arrays, calls
from service import BIN, KEPT_MIB, TIME_FACTOR, Server, verify

MIB = 2**20
SIZE = 4096 * MIB if LONG else 64 * MIB
CUTS = 100 if LONG else 10
SEED = 24
CLI_SIZE = (256 if LONG else 32) * MIB
# Beside the bytes: the headers of chunks and frames, a share of them.
FRAMING = 0.0015
# Sent again per cut, measured where the bytes enter the socket of the server
# or leave it: the chunk under way, and what the buffers of both programs and
# of the machine held, which nobody had taken.
BUFFERED = 6 * MIB
AGAIN_BAR = arrays.CHUNK_BYTES + BUFFERED
# Growth of the server's memory, MiB.
RSS_BAR = 192 + KEPT_MIB


class CutProxy(proxy.Proxy):
    """Cuts when so many bytes have gone one way, again and again."""

    def plan(self, way, size, moments):
        """CUTS cuts spread over the next `size` bytes of this way."""
        begin = getattr(self, way)
        self._begin, self._cuts_before = begin, self.cuts
        self._points = sorted(
            begin + int(moments.uniform(.01, .99) * size) for _ in range(CUTS))
        self._way = way
        self._next()

    def _next(self):
        now = getattr(self, self._way)
        points = [point for point in self._points if point > now]
        self._points = points[1:]
        self.cut_at(self._way, points[0] if points else None)

    def cut(self):
        super().cut()
        if hasattr(self, "_points"):
            self._next()

    def result(self):
        """Bytes that went this way since plan(), and the cuts."""
        return (getattr(self, self._way) - self._begin,
                self.cuts - self._cuts_before)


class TransferTest(unittest.TestCase):

    def setUp(self):
        self.moments = random.Random(SEED)
        self.server = Server()
        self.addCleanup(self.server.close)
        self.proxy = CutProxy(self.server.address)
        self.addCleanup(self.proxy.close)
        folder = tempfile.TemporaryDirectory(prefix="modbound_transfer_")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.again = []
        self.cuts = 0

    def cut(self, way, size, transfer):
        """transfer() while the proxy cuts; notes what went again."""
        self.proxy.plan(way, size, self.moments)
        result = transfer()
        went, cuts = self.proxy.result()
        self.proxy.cut_at(way, None)
        # Cuts that came close together are one.
        self.assertGreaterEqual(cuts, CUTS // 2, f"seed {SEED}")
        again = max(0, went - size * (1 + FRAMING)) / cuts
        self.assertLess(again, AGAIN_BAR, f"{way}, seed {SEED}")
        self.again.append(again)
        self.cuts += cuts
        return result

    def committed(self, lab, upload_id):
        """What the server says that it has, asked beside the client."""
        try:
            return lab._run(calls.call("ArtifactService.QueryUpload",
                                       upload_id=upload_id)).committed_bytes
        except modbound.NotFound:
            return 0

    def note_starts(self, lab):
        """Each start of an upload, and by how much the server is ahead."""
        make = arrays.upload_requests
        starts = []

        def upload_requests(array, sha256, upload_id, offset):
            starts.append(max(0, self.committed(lab, upload_id) - offset))
            return make(array, sha256, upload_id, offset)

        return starts, mock.patch.object(arrays, "upload_requests",
                                         upload_requests)

    def python_client(self):
        lab = modbound.connect(self.proxy.address)
        self.addCleanup(lab.close)
        # Random enough not to be guessed at, quick to make.
        array = numpy.arange(SIZE // 8, dtype="<u8").view("<i8")
        array *= 0x9E3779B1
        digest = hashlib.sha256(array).hexdigest()
        direct = self.server.lab()
        self.addCleanup(direct.close)
        starts, noting = self.note_starts(direct)
        with noting:
            sent = self.cut("up", SIZE, functools.partial(lab.upload, array))
        self.assertGreater(len(starts), CUTS // 2)
        # The server keeps no byte twice but of the chunk under way.
        self.assertLessEqual(max(starts), arrays.CHUNK_BYTES)
        self.twice = sum(starts) / len(starts)
        self.assertEqual(sent.digest, digest)
        del array
        back = self.cut("down", SIZE,
                        lambda: lab._run(calls.download(sent.message)))
        self.assertEqual(hashlib.sha256(back).hexdigest(), digest)

    def cli(self, *arguments):
        done = subprocess.run(
            [os.path.join(BIN, "modbound"), *arguments],
            env={**os.environ, "MODBOUND_SERVER": self.proxy.address},
            capture_output=True, text=True, timeout=600 * TIME_FACTOR,
            check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def command_line(self):
        rows, units = CLI_SIZE // 8 // 64, 64
        activity = numpy.random.default_rng(SEED).standard_normal((rows, units))
        path = os.path.join(self.folder, "activity.npy")
        numpy.save(path, activity)
        spec = os.path.join(self.folder, "spec.json")
        with open(spec, "w", encoding="utf-8") as file:
            file.write("{}")
        labels = os.path.join(self.folder, "labels.npy")
        numpy.save(labels, (numpy.arange(units) % 3).astype("i4"))
        job_id = self.cut("up", CLI_SIZE, lambda: self.cli(
            "submit", "reduce", "--json", "--spec", spec, "--input",
            f"activity={path}", "--input", f"labels={labels}"))
        job_id = json.loads(job_id)["id"]
        with self.server.lab() as direct:
            job = direct.job(job_id).wait()
            self.assertEqual(job.job.inputs["activity"]["artifact"],
                             hashlib.sha256(activity).hexdigest())
            outputs = job.job.outputs
            size = sum(numpy.prod(array.shape, dtype=int) *
                       (4 if array.dtype == "INT32" else 8)
                       for array in outputs.values())
        out = os.path.join(self.folder, "out")
        self.cut("down", size,
                 lambda: self.cli("result", job_id, "--out", out))
        for name, array in outputs.items():
            found = numpy.load(os.path.join(out, f"{name}.npy"))
            self.assertEqual(hashlib.sha256(found).hexdigest(),
                             array.artifact, name)

    def test_cut_many_times(self):
        with measure.PeakRss(self.server.process.pid) as memory:
            self.python_client()
        self.command_line()
        self.assertLess(memory.growth, RSS_BAR)
        self.assertEqual(self.server.stop(), 0)
        verified = verify(self.server.data_dir)
        self.assertEqual(verified.returncode, 0, verified.stderr)
        names = ("Python up", "Python down", "CLI up", "CLI down")
        figure = (
            f"{SIZE // MIB} MiB (CLI {CLI_SIZE // MIB}) up and down, "
            f"{self.cuts} cuts: hashes equal; taken twice by the server per cut "
            f"{self.twice / 1024:.0f} KiB; on the wire again, with what "
            "buffers held, KiB: " +
            ", ".join(f"{name} {again / 1024:.0f}"
                      for name, again in zip(names, self.again)) +
            f"; server RSS + {memory.growth:.0f} MiB")
        print(figure)
        fault_row(24, figure)


if __name__ == "__main__":
    unittest.main()
